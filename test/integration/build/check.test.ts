/** `docker build --check`, `--call` and `--print` of our client: bases are those of a daemon of ours, and nothing is built. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';

const OURS = resolve(import.meta.dirname, '../../../bin/docker');
let daemon: TestDaemon;
let folder: string;

beforeAll(async () => {
  daemon = await startDaemon();
  folder = join(daemon.root, 'context');
  mkdirSync(folder);
}, 120_000);
afterAll(async () => await daemon.stop(), 120_000);

interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

async function build(dockerfile: string, ...flags: readonly string[]): Promise<Ran> {
  writeFileSync(join(folder, 'Dockerfile'), dockerfile);
  const child = Bun.spawn([OURS, 'build', ...flags, '.'], {
    cwd: folder,
    env: { ...process.env, DOCKER_HOST: daemon.host },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, err, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { status, out, err };
}

test('checks know the variables of a base that the daemon has', async () => {
  const images = await daemon.ok(['images', '-aq']);
  const { status, out, err } = await build('FROM busybox AS Base\nENV P=$PATH:/x Q=$PAHT\n', '--check');
  expect([status, err]).toEqual([1, '']);
  expect(out).toStartWith('Check complete, 2 warnings have been found!\n\nWARNING: StageNameCasing - https://');
  expect(out).toContain("Usage of undefined variable '$PAHT' (did you mean $PATH?)\nDockerfile:2\n");
  expect(await daemon.ok(['images', '-aq'])).toBe(images);
});

test('a plan names the digest that the daemon has for a base', async () => {
  const id = (await daemon.ok(['image', 'inspect', '-f', '{{.Id}}', 'busybox'])).trim();
  const { status, out } = await build('FROM busybox\nRUN true\n', '--print=plan');
  expect(status).toBe(0);
  const plan: unknown = JSON.parse(out);
  expect(plan).toMatchObject({
    stages: [{ base: { reference: 'docker.io/library/busybox:latest' }, steps: [{ kind: 'run' }] }],
  });
  expect(out).toContain(`"digest": "${id}"`);
});

test('what the daemon does not have is told, and nothing is pulled', async () => {
  const { status, out, err } = await build('FROM not-here\nCMD ["x"]\n', '--check');
  expect([status, out]).toEqual([0, 'Check complete, no warnings found.\n']);
  expect(err).toContain('the image not-here:latest is not here');
  expect((await build('FROM not-here\n', '--print=plan')).err).toContain('pull it to have a plan');
});
