import { afterAll, beforeAll, expect, test } from 'bun:test';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';
import { ask, own, ownOk } from './ask.ts';

const VALUE = `the value ${process.pid} that must not be seen`;

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startDaemon();
}, 60_000);
afterAll(async () => await daemon.stop(), 60_000);

test('a secret is a file on a tmpfs in the container that asks for it, after a crash and a restart too', async () => {
  expect(await ownOk(daemon, ['secret', 'create', '-l', 'a=b', 'token', '-'], { stdin: VALUE })).toMatch(
    /^[0-9a-f]{25}$/,
  );
  const flags = ['--secret', 'token', '--secret', 'source=token,target=/etc/token,uid=5,gid=6,mode=0400'];
  await ownOk(daemon, ['run', '-d', '--name', 'holds', ...flags, 'busybox', 'sleep', '1000']);
  const read = async (path: string): Promise<string> => await daemon.ok(['exec', 'holds', 'cat', path]);
  expect(await read('/run/secrets/token')).toBe(VALUE);
  expect(await daemon.ok(['exec', 'holds', 'stat', '-c', '%u:%g %a', '/etc/token', '/run/secrets/token'])).toBe(
    '5:6 400\n0:0 444',
  );
  expect(await daemon.ok(['exec', 'holds', 'sh', '-c', 'grep -c "^tmpfs /run/secrets tmpfs ro," /proc/mounts'])).toBe(
    '1',
  );
  expect((await daemon.docker(['exec', 'holds', 'sh', '-c', 'echo > /run/secrets/token'])).stderr).toContain(
    'Read-only',
  );
  await daemon.kill9();
  await daemon.restart();
  expect(await read('/etc/token')).toBe(VALUE);
  await daemon.ok(['restart', '-t', '0', 'holds']);
  expect(await read('/run/secrets/token')).toBe(VALUE);
}, 60_000);

test('its value is nowhere else: not in inspect, events, logs, the disk, copies, images', async () => {
  const seen = [
    await daemon.ok(['inspect', 'holds']),
    await ownOk(daemon, ['secret', 'inspect', 'token']),
    await ownOk(daemon, ['secret', 'ls']),
    daemon.log(),
    JSON.stringify((await ask(daemon, 'GET', `/events?since=1&until=${Math.ceil(Date.now() / 1000)}`)).body),
    await daemon.ok(['commit', 'holds', 'committed']),
    await daemon.ok(['run', '--rm', 'committed', 'sh', '-c', 'cat /run/secrets/* /etc/token 2>&1 || true']),
    await daemon.ok(['export', 'holds']),
  ];
  for (const text of seen)
    for (const form of [VALUE, Buffer.from(VALUE).toString('base64')]) expect(text).not.toContain(form);
  expect(Bun.spawnSync(['grep', '-rlF', VALUE, join(daemon.root, 'd')]).stdout.toString()).toBe('');
  expect(statSync(join(daemon.root, 'd/secrets.key')).mode & 0o7777).toBe(0o600);
}, 60_000);

test('a secret in use stays, and goes when no container has it', async () => {
  expect((await own(daemon, ['secret', 'rm', 'token'])).stderr).toContain(
    "secret 'token' is in use by the following container: holds",
  );
  await daemon.ok(['rm', '-f', 'holds']);
  expect(await ownOk(daemon, ['secret', 'rm', 'token'])).toBe('token');
  expect((await own(daemon, ['run', '--rm', '--secret', 'token', 'busybox', 'true'])).stderr).toContain(
    'secret not found: token',
  );
  expect(await daemon.ok(['ps', '-aq'])).toBe('');
});

test("other clients hear what an engine outside a swarm says, unless they ask for this engine's own", async () => {
  const refused = await daemon.docker(['secret', 'create', 'foreign', '-'], { stdin: 'x' });
  expect(refused.stderr).toContain('This node is not a swarm manager.');
  expect((await ask(daemon, 'GET', '/secrets')).status).toBe(503);
  const config = join(daemon.root, 'asking');
  await ownOk(daemon, ['secret', 'create', 'mine', '-'], { stdin: 'x' });
  Bun.spawnSync(['mkdir', config]);
  writeFileSync(join(config, 'config.json'), JSON.stringify({ HttpHeaders: { 'Skiff-Secrets': 'local' } }));
  const asked = await daemon.docker(['secret', 'ls', '--format', '{{.Name}}'], { env: { DOCKER_CONFIG: config } });
  expect(asked.stdout).toBe('mine\n');
  await ownOk(daemon, ['secret', 'rm', 'mine']);
});

test.each([
  [['secret', 'create', 'bad name', '-'], 'x', 'invalid secret name'],
  [['secret', 'create', 'empty', '-'], '', 'must be larger than 0'],
  [['secret', 'create', 'large', '-'], 'x'.repeat(600_000), 'less than'],
  [['run', '--secret', 'source=a,nope=1', 'busybox'], '', 'invalid field in secret request: nope=1'],
  [['run', '--secret', 'target=a', 'busybox'], '', 'source is required'],
  [['secret', 'inspect', 'nosuch'], '', 'secret nosuch not found'],
])('%j is refused', async (args, stdin, text) => {
  const { exitCode, stderr } = await own(daemon, args, { stdin });
  expect(exitCode).not.toBe(0);
  expect(stderr).toContain(text);
});

test('a name is taken once, and a secret whose key is gone is not opened', async () => {
  await ownOk(daemon, ['secret', 'create', 'once', '-'], { stdin: 'first' });
  expect((await own(daemon, ['secret', 'create', 'once', '-'], { stdin: 'second' })).stderr).toContain(
    'already exists',
  );
  await daemon.kill9();
  rmSync(join(daemon.root, 'd/secrets.key'));
  writeFileSync(join(daemon.root, 'd/secrets.key'), Buffer.alloc(32, 7), { mode: 0o600 });
  await daemon.restart();
  expect((await own(daemon, ['run', '--rm', '--secret', 'once', 'busybox', 'true'])).stderr).toContain(
    'cannot be opened',
  );
  await ownOk(daemon, ['secret', 'rm', 'once']);
}, 60_000);
