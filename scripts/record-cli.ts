/**
 * Records what Docker's own client prints, and its status, for every line of test/fixtures/cli/cases.txt: helps, refusals and the like, to
 * which ours are held. Needs /usr/local/bin/docker 28.2; run it after a change to cases.txt.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { splitWords } from '../test/helpers/create-golden.ts';

const FIXTURES = join(import.meta.dirname, '../test/fixtures/cli');
const scratch = mkdtempSync(join(tmpdir(), 'record-'));
const socket = join(scratch, 's');
const server = Bun.serve({
  unix: socket,
  fetch: () => new Response('OK', { headers: { 'Api-Version': '1.51', Ostype: 'linux' } }),
});
const cases: unknown[] = [];
for (const line of readFileSync(join(FIXTURES, 'cases.txt'), 'utf8').split('\n')) {
  if (line === '' || line.startsWith('#')) continue;
  const child = Bun.spawn(['/usr/local/bin/docker', ...splitWords(line)], {
    env: { HOME: '/home/user', DOCKER_HOST: `unix://${socket}` },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  cases.push({ line, status: await child.exited, ...(out === '' ? {} : { out }), ...(err === '' ? {} : { err }) });
}
writeFileSync(join(FIXTURES, 'golden.json'), `[\n${cases.map((one) => `  ${JSON.stringify(one)}`).join(',\n')}\n]\n`);
await server.stop(true);
rmSync(scratch, { recursive: true });
