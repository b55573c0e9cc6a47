import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { freeSubnet, startDaemon, type TestDaemon } from '../../helpers/daemon.ts';

/**
 * One server in each network, and from where its port 80 is reached: by its own address, and by the port published on the host. `outside` is a
 * hand-made namespace that stands for another host.
 */
const ICC_OFF = 'com.docker.network.bridge.enable_icc=false';
const NAMES = ['bridge', 'front', 'back', 'inside', 'strict'];
const outside = `skt-out-${process.pid}`;
const link = `sko${process.pid % 100_000}`;
let daemon: TestDaemon;
let hostIp = '';
const port: Record<string, number> = {};
const links: string[] = [];

beforeAll(async () => {
  daemon = await startDaemon();
  await daemon.ok(['network', 'create', 'front']);
  await daemon.ok(['network', 'create', '-d', 'bridge', 'back']);
  await daemon.ok(['network', 'create', '--internal', 'inside']);
  await daemon.ok(['network', 'create', '-o', ICC_OFF, 'strict']);
  for (const network of NAMES) {
    port[network] = await freePort();
    await daemon.ok([
      'run',
      '-d',
      '--name',
      `at-${network}`,
      '--network',
      network,
      '-p',
      `${port[network]}:80`,
      'busybox',
      'sh',
      '-c',
      SERVE,
    ]);
    await daemon.ok(['run', '-d', '--name', `from-${network}`, '--network', network, 'busybox', 'sleep', '1000']);
    await expectSoon(() => daemon.docker(['exec', `at-${network}`, ...get('127.0.0.1')]));
  }
  for (const network of NAMES.slice(1)) {
    const id = await daemon.ok(['network', 'inspect', '-f', '{{.Id}}', network]);
    links.push(`br-${id.slice(0, 12)}`);
  }
  const [address = ''] = freeSubnet().split('/');
  hostIp = address;
  run('ip', 'netns', 'add', outside);
  run('ip', 'link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', outside);
  run('ip', 'address', 'add', `${hostIp}/24`, 'dev', link);
  run('ip', 'link', 'set', link, 'up');
  run('ip', '-n', outside, 'address', 'add', hostIp.replace(/1$/, '9/24'), 'dev', 'eth0');
  run('ip', '-n', outside, 'link', 'set', 'eth0', 'up');
  run('ip', '-n', outside, 'route', 'add', 'default', 'via', hostIp);
}, 60_000);

afterAll(async () => {
  Bun.spawnSync(['ip', 'netns', 'delete', outside]);
  Bun.spawnSync(['ip', 'link', 'delete', link]);
  await daemon.stop();
  expect(links.filter((name) => existsSync(`/sys/class/net/${name}`))).toEqual([]);
  expect(readdirSync('/var/run/netns').filter((name) => name === outside)).toEqual([]);
}, 60_000);

const SERVE = 'mkdir -p /w && echo hello >/w/index.html && exec httpd -f -p 80 -h /w';
/** busybox as Debian links it has no resolver for wget: nc does. Exit code 0 when the server's text comes. */
const get = (host: string, at = 80): readonly string[] => [
  'sh',
  '-c',
  `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | busybox nc -w 1 ${host} ${at} | grep -x hello`,
];

/** By the server's own address: the rows are servers, the columns where one asks. */
test.each([
  ['bridge', { bridge: true, front: false, back: false, inside: false, strict: false, host: true, outside: false }],
  ['front', { bridge: false, front: true, back: false, inside: false, strict: false, host: true, outside: false }],
  ['back', { bridge: false, front: false, back: true, inside: false, strict: false, host: true, outside: false }],
  ['inside', { bridge: false, front: false, back: false, inside: true, strict: false, host: true, outside: false }],
  ['strict', { bridge: false, front: false, back: false, inside: false, strict: false, host: true, outside: false }],
] as const)(
  'a server on %s is reached by its own address as %o',
  async (network, expected) => {
    const ip = await daemon.ok([
      'inspect',
      '-f',
      `{{.NetworkSettings.Networks.${network}.IPAddress}}`,
      `at-${network}`,
    ]);
    expect(await ask(ip, 80)).toEqual({ ...expected });
  },
  60_000,
);

/** By the host's address. An internal network publishes nothing and reaches nothing. */
test.each([
  ['bridge', { bridge: true, front: true, back: true, inside: false, strict: true, host: true, outside: true }],
  ['front', { bridge: true, front: true, back: true, inside: false, strict: true, host: true, outside: true }],
  ['inside', { bridge: false, front: false, back: false, inside: false, strict: false, host: false, outside: false }],
  ['strict', { bridge: true, front: true, back: true, inside: false, strict: false, host: true, outside: true }],
] as const)(
  'a port published by a server on %s is reached as %o',
  async (network, expected) => {
    expect(await ask(hostIp, port[network] ?? 0)).toEqual({ ...expected });
  },
  60_000,
);

test.each(['bridge', 'front'])(
  'a port published on %s is reached by loopback, and by its own container through the host',
  async (name) => {
    expect(await fetchText(`http://127.0.0.1:${port[name]}/`)).toBe('hello\n');
    expect(await daemon.ok(['exec', `at-${name}`, ...get(hostIp, port[name])])).toBe('hello');
  },
);

test('a container on two networks reaches both, and only those', async () => {
  await daemon.ok(['network', 'connect', 'back', 'from-front']);
  const back = await daemon.ok(['inspect', '-f', '{{.NetworkSettings.Networks.back.IPAddress}}', 'at-back']);
  expect(await daemon.ok(['exec', 'from-front', ...get(back)])).toBe('hello');
  await daemon.ok(['network', 'disconnect', 'back', 'from-front']);
  expect((await daemon.docker(['exec', 'from-front', ...get(back)])).exitCode).not.toBe(0);
});

async function ask(host: string, at: number): Promise<Record<string, boolean>> {
  const inside = await Promise.all(
    NAMES.map(async (name) => {
      const { exitCode } = await daemon.docker(['exec', `from-${name}`, ...get(host, at)]);
      return [name, exitCode === 0] as const;
    }),
  );
  const away = Bun.spawn(['ip', 'netns', 'exec', outside, ...get(host, at)], {
    stdout: 'ignore',
    stderr: 'ignore',
  });
  return {
    ...Object.fromEntries(inside),
    host: (await fetchText(`http://${host}:${at}/`)) !== undefined,
    outside: (await away.exited) === 0,
  };
}

async function fetchText(url: string): Promise<string | undefined> {
  try {
    return await (await fetch(url, { signal: AbortSignal.timeout(1000) })).text();
  } catch {
    return undefined;
  }
}

async function expectSoon(attempt: () => Promise<{ readonly exitCode: number }>): Promise<void> {
  for (let turn = 0; turn < 100; turn++) if ((await attempt()).exitCode === 0) return;
  throw new Error('it never worked');
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0);
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

function run(...argv: readonly string[]): void {
  const { exitCode, stderr } = Bun.spawnSync([...argv]);
  if (exitCode !== 0) throw new Error(`${argv.join(' ')}: ${stderr.toString()}`);
}
