/**
 * Records what Docker's own client prints for `images --tree` on the images of test/fixtures/cli/image-tree.images.json, piped and on
 * terminals of several widths. Needs /usr/local/bin/docker 28.2 and util-linux's script.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const FIXTURES = join(import.meta.dirname, '../test/fixtures/cli');
const images: unknown = JSON.parse(readFileSync(join(FIXTURES, 'image-tree.images.json'), 'utf8'));
const scratch = mkdtempSync(join(tmpdir(), 'record-'));
const socket = join(scratch, 's');
const server = Bun.serve({
  unix: socket,
  fetch: (request) =>
    request.url.includes('/images/json')
      ? Response.json(images)
      : new Response('OK', { headers: { 'Api-Version': '1.51', Ostype: 'linux' } }),
});

async function run(argv: readonly string[]): Promise<string> {
  const env = { PATH: process.env['PATH'] ?? '', DOCKER_HOST: `unix://${socket}`, HOME: scratch };
  const child = Bun.spawn([...argv], { env, stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' });
  return await new Response(child.stdout).text();
}

const docker = '/usr/local/bin/docker images --tree';
const recorded = [{ terminal: false, columns: 0, out: await run(docker.split(' ')) }];
for (const columns of [15, 40, 60, 80, 120, 200]) {
  const out = await run(['script', '-qc', `stty cols ${columns}; ${docker}`, '/dev/null']);
  recorded.push({ terminal: true, columns, out: out.replaceAll('\r\n', '\n') });
}
writeFileSync(join(FIXTURES, 'image-tree.golden.json'), `${JSON.stringify(recorded, undefined, 2)}\n`);
await server.stop(true);
rmSync(scratch, { recursive: true });
