/** The classic builder's protocol by our client: what DOCKER_BUILDKIT=0 and daemons of others get. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';
import { type CommandResult, runCommand } from '../../helpers/docker-cli.ts';

const OURS = [
  resolve(import.meta.dirname, '../../../node_modules/.bin/bun'),
  resolve(import.meta.dirname, '../../../src/main.ts'),
  'docker',
];

let daemon: TestDaemon;
let context: string;
beforeAll(async () => {
  daemon = await startDaemon();
  context = join(daemon.root, 'context');
  mkdirSync(join(context, 'sub'), { recursive: true });
  writeFileSync(
    join(context, 'Dockerfile'),
    'FROM busybox\nARG V=1\nCOPY . /app\nRUN echo built $V > /v\nCMD ["sh", "-c", "cat /v; ls /app/sub"]\n',
  );
  writeFileSync(join(context, 'sub/b'), 'b');
  writeFileSync(join(context, 'sub/c.log'), 'c');
  writeFileSync(join(context, '.dockerignore'), '**/*.log\n');
}, 60_000);
afterAll(async () => await daemon.stop(), 60_000);

async function ours(args: readonly string[], stdin?: string): Promise<CommandResult> {
  const env = { DOCKER_HOST: daemon.host, HOME: daemon.root, DOCKER_BUILDKIT: '0' };
  return await runCommand([...OURS, ...args], { env, ...(stdin !== undefined && { stdin }) });
}

test('our client builds what runs, with arguments and without what is ignored', async () => {
  const built = await ours(['build', '-t', 'mine:1', '--build-arg', 'V=7', context]);
  expect([built.exitCode, built.stderr]).toEqual([0, '']);
  expect(built.stdout).toMatch(
    /^Sending build context to Docker daemon .*\nStep 1\/5 : [\s\S]*Successfully tagged mine:1\n$/,
  );
  expect(await daemon.ok(['run', '--rm', 'mine:1'])).toBe('built 7\nb');
}, 60_000);

test('the unmodified client, with the classic builder, gets the same image from the cache', async () => {
  const env = { DOCKER_BUILDKIT: '0' };
  await daemon.ok(['build', '-q', '-t', 'theirs:1', '--build-arg', 'V=7', context], { env });
  const [mine, theirs] = (await daemon.ok(['inspect', '-f', '{{json .RootFS.Layers}}', 'mine:1', 'theirs:1'])).split(
    '\n',
  );
  expect(mine).toBe(theirs ?? '');
}, 60_000);

test('a command that fails gives the build its exit code; nothing is left', async () => {
  const failed = await ours(['build', '-'], 'FROM busybox\nRUN exit 9\n');
  expect([failed.exitCode, failed.stderr]).toEqual([
    9,
    "The command '/bin/sh -c exit 9' returned a non-zero code: 9\n",
  ]);
  expect(await daemon.ok(['ps', '-aq'])).toBe('');
}, 60_000);

test('-q prints the id alone, and --iidfile keeps it', async () => {
  const file = join(daemon.root, 'iid');
  const { stdout } = await ours(['build', '-q', '--iidfile', file, '-f', '-', context], 'FROM mine:1\nLABEL a=b\n');
  expect(stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
  expect(`${await Bun.file(file).text()}\n`).toBe(stdout);
}, 60_000);
