import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Authority, createAuthority } from '../../fixtures/authority.ts';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';

const DOCKERD = join(import.meta.dirname, '../../../bin/dockerd');
const DOCKER = join(import.meta.dirname, '../../../bin/docker');
const FILE = {
  labels: ['zone=a'],
  'default-ulimits': { nofile: { Name: 'nofile', Soft: 100, Hard: 200 } },
  'log-opts': { 'max-size': '1m', 'max-file': '3' },
  'no-new-privileges': true,
  'default-ipc-mode': 'shareable',
  'default-shm-size': '1m',
  init: true,
};

let folder: string;
let configFile: string;
let authority: Authority;
let stranger: Authority;
let daemon: TestDaemon;
let port: number;

beforeAll(async () => {
  folder = mkdtempSync('/tmp/skt-config-');
  configFile = join(folder, 'daemon.json');
  write(FILE);
  authority = createAuthority(['127.0.0.1']);
  stranger = createAuthority(['127.0.0.1']);
  port = freePort();
  const { ca, certificate, key } = authority;
  const tls = ['--tlsverify', '--tlscacert', ca, '--tlscert', certificate, '--tlskey', key];
  daemon = await startDaemon({ flags: ['--config-file', configFile, '-H', `tcp://127.0.0.1:${port}`, ...tls] });
});

afterAll(async () => {
  await daemon.stop();
  for (const one of [authority, stranger]) one[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

function write(file: object): void {
  writeFileSync(configFile, JSON.stringify(file));
}

function freePort(): number {
  using server = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => undefined } });
  return server.port;
}

/** Returns when the daemon has told how it went. */
async function reload(file: object): Promise<void> {
  const outcomes = (): number => daemon.log().split(/Reloaded configuration|Error reconfiguring the daemon/).length;
  const before = outcomes();
  write(file);
  process.kill(daemon.pid, 'SIGHUP');
  for (let waits = 0; outcomes() === before && waits < 500; waits++) await Bun.sleep(10);
}

function run(...argv: readonly string[]): { readonly exitCode: number; readonly text: string } {
  const { exitCode, stdout, stderr } = Bun.spawnSync([DOCKERD, ...argv]);
  return { exitCode, text: `${stdout.toString()}${stderr.toString()}` };
}

test('containers get the defaults of daemon.json, and their own settings before them', async () => {
  const script = 'ulimit -Sn; ulimit -Hn; grep NoNewPrivs /proc/self/status; cat /proc/1/comm; true';
  const shown = await daemon.ok(['run', '--rm', 'busybox', 'sh', '-c', script]);
  expect(shown.split('\n')).toEqual(['100', '200', 'NoNewPrivs:\t1', 'docker-init']);
  const own = ['--ulimit', 'nofile=50', '--security-opt', 'no-new-privileges=false', '--init=false'];
  const other = await daemon.ok(['run', '--rm', ...own, 'busybox', 'sh', '-c', script]);
  expect(other.split('\n')).toEqual(['50', '50', 'NoNewPrivs:\t0', 'sh']);
});

test('what they got is in their settings', async () => {
  const id = await daemon.ok(['create', 'busybox', 'true']);
  const [shown] = JSON.parse(await daemon.ok(['inspect', id])) as [{ HostConfig: Record<string, unknown> }];
  expect(shown.HostConfig).toMatchObject({
    LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '3' } },
    Ulimits: [{ Name: 'nofile', Soft: 100, Hard: 200 }],
    IpcMode: 'shareable',
    ShmSize: 1 << 20,
  });
  expect(await daemon.ok(['info', '-f', '{{json .Labels}} {{json .SecurityOptions}}'])).toBe(
    '["zone=a"] ["name=seccomp,profile=builtin","name=no-new-privileges"]',
  );
});

test('SIGHUP takes over what may change, tells it as an event, and keeps the old settings when the file is wrong', async () => {
  await reload({ ...FILE, debug: true, labels: ['zone=b'], 'registry-mirrors': ['http://127.0.0.1:1'] });
  const format = '{{.Debug}} {{json .Labels}} {{json .RegistryConfig.Mirrors}}';
  expect(await daemon.ok(['info', '-f', format])).toBe('true ["zone=b"] ["http://127.0.0.1:1/"]');
  await reload({ nope: 1 });
  expect(daemon.log()).toContain("the following directives don't match any configuration option: nope");
  expect(await daemon.ok(['info', '-f', format])).toBe('true ["zone=b"] ["http://127.0.0.1:1/"]');
  const events = await daemon.ok([
    'events',
    '--since',
    '1h',
    '--until',
    String(Date.now() / 1000),
    '--filter',
    'type=daemon',
  ]);
  expect(events.split('\n').filter((line) => line.includes('zone=b'))).toHaveLength(1);
  expect(events).toContain('daemon reload');
  await reload(FILE);
});

test('with audit every change is logged with who asked for it; by a reload it begins and ends', async () => {
  const lines = (): readonly string[] =>
    [...daemon.log().matchAll(/msg="(.*: (?:POST|DELETE) \S*\/volumes\/\S*: .*)"/g)].map(([, line = '']) => line);
  await daemon.ok(['volume', 'create', 'before']);
  expect(lines()).toEqual([]);
  await reload({ ...FILE, audit: true });
  await daemon.ok(['volume', 'rm', 'before']);
  await daemon.docker(['volume', 'rm', 'before']);
  await daemon.ok(['volume', 'ls']);
  await daemon.docker(['volume', 'rm', 'before'], {
    env: { DOCKER_HOST: `tcp://127.0.0.1:${port}`, DOCKER_CERT_PATH: certPath(authority), DOCKER_TLS_VERIFY: '1' },
  });
  await reload(FILE);
  await daemon.docker(['volume', 'rm', 'before']);
  expect(lines()).toEqual([
    expect.stringMatching(/^\/\S+: DELETE \S+\/volumes\/before: done$/),
    expect.stringMatching(/^\/\S+: DELETE \S+\/volumes\/before: get before: no such volume/),
    expect.stringMatching(
      /^127\.0\.0\.1:\d+ \(127\.0\.0\.1 port \d+\): DELETE \S+\/volumes\/before: get before: no such volume/,
    ),
  ]);
});

test('a runtime of the user runs containers, one that comes with a reload too', async () => {
  await reload({ ...FILE, runtimes: { mine: { path: 'crun', runtimeArgs: ['--debug'] } } });
  expect(await daemon.ok(['run', '--rm', '--runtime', 'mine', 'busybox', 'echo', 'ran'])).toContain('ran');
  expect(await daemon.ok(['info', '-f', '{{json .Runtimes.mine.Args}}'])).toBe('["--debug"]');
  const refused = await daemon.docker(['run', '--rm', '--runtime', 'other', 'busybox', 'true']);
  expect(refused.stderr).toContain('unknown or invalid runtime name: other');
  await reload(FILE);
});

test('over TLS a client needs a certificate of the named authority', async () => {
  const overTls = (by: Authority | undefined) =>
    daemon.docker(['ps', '-q'], {
      env: {
        DOCKER_HOST: `tcp://127.0.0.1:${port}`,
        ...(by && { DOCKER_CERT_PATH: certPath(by), DOCKER_TLS_VERIFY: '1' }),
      },
    });
  expect((await overTls(authority)).exitCode).toBe(0);
  expect((await overTls(undefined)).exitCode).toBe(1);
  expect((await overTls(stranger)).exitCode).toBe(1);
});

test('our client speaks TLS by the environment and by options, and trusts nobody else', () => {
  const ours = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const { exitCode, stdout, stderr } = Bun.spawnSync([DOCKER, ...args], {
      env: { PATH: process.env['PATH'], HOME: folder, DOCKER_HOST: `tcp://127.0.0.1:${port}`, ...env },
      stdin: Buffer.from('in'),
    });
    return { exitCode, text: `${stdout.toString()}${stderr.toString()}` };
  };
  const verified = { DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: certPath(authority) };
  expect(ours(['run', '--rm', '-i', 'busybox', 'cat'], verified)).toEqual({ exitCode: 0, text: 'in' });
  const files = ['--tlscacert', stranger.ca, '--tlscert', authority.certificate, '--tlskey', authority.key];
  expect(ours(['--tlsverify', ...files, 'ps']).text).toContain('self signed certificate');
  expect(ours(['--tls', ...files, 'ps', '-q'])).toEqual({ exitCode: 0, text: '' });
  expect(ours(['--tls', '--tlscacert', authority.ca, 'ps']).exitCode).toBe(1);
  expect(ours(['ps']).exitCode).toBe(1);
  expect(ours(['--tlsverify', '--tlscert', '/nowhere', 'ps']).text).toContain('could not read TLS cert file /nowhere');
});

/** A folder as DOCKER_CERT_PATH wants it: the client's own certificate, and the authority that the daemon's is of. */
function certPath(by: Authority): string {
  const path = mkdtempSync(join(folder, 'client-'));
  for (const [name, from] of [
    ['ca.pem', authority.ca],
    ['cert.pem', by.certificate],
    ['key.pem', by.key],
  ] as const)
    Bun.spawnSync(['cp', from, join(path, name)]);
  return path;
}

test('the socket is for root and its group alone', () => {
  expect(statSync(daemon.socket).mode & 0o777).toBe(0o660);
});

test('bad settings end the start with their name, before anything is made', () => {
  const nowhere = ['--data-root', join(folder, 'd'), '--exec-root', join(folder, 'e'), '--pidfile', join(folder, 'p')];
  write({ 'log-level': 'info', foo: 1 });
  expect(run(...nowhere, '--config-file', configFile)).toEqual({
    exitCode: 1,
    text: `unable to configure the Docker daemon with file ${configFile}: the following directives don't match any configuration option: foo\nSee 'dockerd --help'.\n`,
  });
  write({ 'log-level': 'info' });
  expect(run(...nowhere, '-l', 'debug', '--config-file', configFile).text).toContain(
    'the following directives are specified both as a flag and in the configuration file: log-level: (from flag: debug, from file: info)',
  );
  expect(run('--config-file', join(folder, 'none.json')).text).toContain('no such file or directory');
  expect(run('--authorization-plugin', 'x').text).toContain('--authorization-plugin is not supported');
  expect(run('--nope')).toEqual({ exitCode: 1, text: "unknown flag: --nope\nSee 'dockerd --help'.\n" });
  expect(run('--config-file', configFile, '--validate')).toEqual({ exitCode: 0, text: 'configuration OK\n' });
  write(FILE);
});

test('TCP beyond loopback is not served in clear', () => {
  const roots = ['--data-root', join(folder, 'd'), '--exec-root', join(folder, 'e'), '--pidfile', join(folder, 'p')];
  const refused = run(...roots, '--bridge', `${daemon.bridge}x`.slice(0, 15), '-H', 'tcp://0.0.0.0:0');
  expect(refused.exitCode).toBe(1);
  expect(refused.text).toContain('without TLS everyone who reaches it is root on this machine');
});

test('what the daemon fetches goes by the proxy it is told of; info shows it without its password', async () => {
  const asked: string[] = [];
  using proxy = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch(request) {
      asked.push(request.url);
      return new Response('', { status: 404 });
    },
  });
  const address = `http://me:secret@127.0.0.1:${proxy.port}`;
  const flags = ['--http-proxy', address, '--no-proxy', 'near.example', '--insecure-registry', 'far.example'];
  await using other = await startDaemon({ flags, images: [] });
  await other.docker(['pull', 'far.example/x']);
  expect(asked[0]).toStartWith('http://far.example/v2/');
  expect(await other.ok(['info', '-f', '{{.HTTPProxy}} {{.NoProxy}}'])).toBe(
    `http://xxxxx:xxxxx@127.0.0.1:${proxy.port} near.example`,
  );
});
