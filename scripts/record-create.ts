/**
 * Records what Docker's own client sends for `docker create`: the answers our parsers are held to. Each line of
 * test/fixtures/create/cases.txt is one command line; what it leads to goes to golden.json beside it, as the difference to the body of
 * a plain `docker create busybox`. Needs /usr/local/bin/docker 28.2; run it after a change to cases.txt.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { flatten, splitWords } from '../test/helpers/create-golden.ts';

const FIXTURES = join(import.meta.dirname, '../test/fixtures/create');
const scratch = mkdtempSync(join(tmpdir(), 'record-'));
const socket = join(scratch, 's');
let seen: unknown;
const server = Bun.serve({
  unix: socket,
  async fetch(request) {
    if (request.url.endsWith('/_ping'))
      return new Response('OK', { headers: { 'Api-Version': '1.51', Ostype: 'linux' } });
    seen = {
      query: new URL(request.url).search,
      body: JSON.parse((await request.text()).replaceAll(FIXTURES, '/cwd')),
    };
    return Response.json({ Id: 'x', Warnings: [] }, { status: 201 });
  },
});

async function record(args: readonly string[]): Promise<{ query: string; body: unknown } | { error: string }> {
  seen = undefined;
  const child = Bun.spawn(['/usr/local/bin/docker', '-H', `unix://${socket}`, 'create', ...args], {
    cwd: FIXTURES,
    env: { HOME: '/home/user', DOCKER_CONFIG: scratch },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const error = await new Response(child.stderr).text();
  await child.exited;
  return seen === undefined ? { error: error.split('\n')[0] ?? '' } : (seen as { query: string; body: unknown });
}

const plain = await record(['busybox']);
if (!('body' in plain)) throw new Error(plain.error);
const base = flatten(plain.body);
const cases: unknown[] = [];
for (const line of readFileSync(join(FIXTURES, 'cases.txt'), 'utf8').split('\n')) {
  if (line === '' || line.startsWith('#')) continue;
  const answer = await record(splitWords(line));
  if ('error' in answer) {
    cases.push({ line, error: answer.error });
    continue;
  }
  const flat = flatten(answer.body);
  const changed = Object.fromEntries(
    [...new Set([...Object.keys(base), ...Object.keys(flat)])]
      .filter((key) => JSON.stringify(base[key]) !== JSON.stringify(flat[key]))
      .map((key) => [key, flat[key] ?? null]),
  );
  cases.push({ line, ...(answer.query === '' ? {} : { query: answer.query }), changed });
}
const lines = cases.map((one) => `    ${JSON.stringify(one)}`).join(',\n');
writeFileSync(
  join(FIXTURES, 'golden.json'),
  `{\n  "plain": ${JSON.stringify(plain.body)},\n  "cases": [\n${lines}\n  ]\n}\n`,
);
await server.stop(true);
rmSync(scratch, { recursive: true });
