import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';

/** Two links that lead to each other: one is the parent, the other in a namespace that stands for the network outside. */
const parent = `skp${(process.pid % 46_656).toString(36)}`;
const outside = `skt-vlan-${process.pid}`;
const NET = `10.214.${process.pid % 250}`;
const PREFIX = `fd00:5c2f:${(process.pid % 65_536).toString(16)}:1`;
let daemon: TestDaemon;

beforeAll(async () => {
  daemon = await startDaemon();
  run('ip', 'netns', 'add', outside);
  run('ip', 'link', 'add', parent, 'type', 'veth', 'peer', 'name', 'wire', 'netns', outside);
  run('ip', 'link', 'set', parent, 'up');
  run('ip', '-n', outside, 'address', 'add', `${NET}.1/24`, 'dev', 'wire');
  run('ip', '-n', outside, 'address', 'add', `${PREFIX}::1/64`, 'dev', 'wire', 'nodad');
  run('ip', '-n', outside, 'link', 'set', 'wire', 'up');
}, 60_000);
afterAll(async () => {
  Bun.spawnSync(['ip', 'netns', 'delete', outside]);
  Bun.spawnSync(['ip', 'link', 'delete', parent]);
  await daemon.stop();
}, 60_000);

const ADDRESSES = ['--ipv6', '--subnet', `${NET}.0/24`, '--gateway', `${NET}.1`, '--subnet', `${PREFIX}::/64`];
const inside = async (container: string, script: string): Promise<string> =>
  await daemon.ok(['exec', container, 'sh', '-c', script]);

test('containers of a macvlan reach each other and the network outside by both families, past the host', async () => {
  await daemon.ok(['network', 'create', '-d', 'macvlan', '-o', `parent=${parent}`, ...ADDRESSES, 'mac']);
  for (const name of ['m1', 'm2'])
    await daemon.ok(['run', '-d', '--name', name, '--network', 'mac', 'busybox', 'sleep', '1000']);
  for (const ip of [`${NET}.1`, `${NET}.3`, `${PREFIX}::1`, `${PREFIX}::2`])
    expect(await inside('m1', `ping -c 1 -W 2 ${ip}`)).toContain('1 packets received');
  expect(await inside('m1', 'ip route | grep default || :')).toContain(`via ${NET}.1`);
  expect(await inside('m1', 'ip -6 route | grep default || :')).toBe('');
  await daemon.ok(['network', 'disconnect', 'mac', 'm1']);
  expect(await inside('m1', 'ls /sys/class/net')).toBe('lo');
  await daemon.ok(['network', 'connect', '--ip', `${NET}.77`, 'mac', 'm1']);
  expect(await inside('m1', `ping -c 1 -W 2 -I ${NET}.77 ${NET}.1`)).toContain('1 packets received');
  await daemon.kill9();
  await daemon.restart();
  expect(await inside('m1', 'ls /sys/class/net | tr "\\n" " "')).toBe('eth0 lo ');
  const shown = JSON.parse(await daemon.ok(['network', 'inspect', 'mac']))[0];
  expect([shown.Driver, shown.Options, Object.keys(shown.Containers).length]).toEqual(['macvlan', { parent }, 2]);
  await daemon.ok(['rm', '-f', 'm1', 'm2']);
  await daemon.ok(['network', 'rm', 'mac']);
  expect(existsSync(`/sys/class/net/${parent}`)).toBe(true);
});

test('containers of a private macvlan do not reach each other, a passthru one is alone on its link', async () => {
  const on = (mode: string, name: string, net: string) =>
    daemon.docker([
      'network',
      'create',
      '-d',
      'macvlan',
      '-o',
      `parent=${parent}`,
      '-o',
      `macvlan_mode=${mode}`,
      '--subnet',
      net,
      name,
    ]);
  expect((await on('private', 'priv', `${NET}.0/24`)).exitCode).toBe(0);
  for (const [name, ip] of [
    ['p1', `${NET}.11`],
    ['p2', `${NET}.12`],
  ] as const)
    await daemon.ok(['run', '-d', '--name', name, '--network', 'priv', '--ip', ip, 'busybox', 'sleep', '1000']);
  expect(await inside('p1', `ping -c 1 -W 2 ${NET}.1`)).toContain('1 packets received');
  expect((await daemon.docker(['exec', 'p1', 'ping', '-c', '1', '-W', '1', `${NET}.12`])).exitCode).toBe(1);
  expect((await on('passthru', 'pass', '10.213.1.0/24')).stderr).toContain('cannot use mode passthru, macvlan network');
  await daemon.ok(['rm', '-f', 'p1', 'p2']);
  await daemon.ok(['network', 'rm', 'priv']);
  expect((await on('passthru', 'pass', `${NET}.0/24`)).exitCode).toBe(0);
  await daemon.ok([
    'run',
    '--rm',
    '--network',
    'pass',
    '--ip',
    `${NET}.9`,
    'busybox',
    'ping',
    '-c',
    '1',
    '-W',
    '2',
    `${NET}.1`,
  ]);
  await daemon.ok(['network', 'rm', 'pass']);
});

test('a macvlan without a parent is a network of its own, whose link goes with it and comes back with the daemon', async () => {
  const id = await daemon.ok(['network', 'create', '-d', 'macvlan', 'loose']);
  const link = `/sys/class/net/dm-${id.slice(0, 12)}`;
  expect(await daemon.ok(['network', 'inspect', '-f', '{{.Internal}}', 'loose'])).toBe('false');
  for (const name of ['l1', 'l2'])
    await daemon.ok(['run', '-d', '--name', name, '--network', 'loose', 'busybox', 'sleep', '1000']);
  const ip = await daemon.ok(['inspect', '-f', '{{.NetworkSettings.Networks.loose.IPAddress}}', 'l2']);
  expect(await inside('l1', `ping -c 1 -W 2 ${ip}`)).toContain('1 packets received');
  expect(await inside('l1', 'ip route | grep default || :')).toBe('');
  await daemon.ok(['rm', '-f', 'l1', 'l2']);
  await daemon.restart();
  expect(existsSync(link)).toBe(true);
  await daemon.ok(['network', 'rm', 'loose']);
  expect(existsSync(link)).toBe(false);
});

test.each([
  ['a VLAN of a link', 'vlan', ['-d', 'macvlan', '-o', `parent=${parent}.10`]],
  ['an ipvlan', 'ipvlan', ['-d', 'ipvlan', '-o', `parent=${parent}`, '-o', 'ipvlan_mode=l2']],
] as const)(
  '%s is made where the kernel can, goes with its network, and is refused elsewhere',
  async (_what, kind, args) => {
    const made = await daemon.docker(['network', 'create', ...args, '--subnet', `${NET}.0/24`, 'sub']);
    if (!kernelHas(kind)) {
      expect([made.exitCode, made.stderr]).toEqual([
        1,
        expect.stringContaining(`the kernel of this host has no ${kind} links`),
      ]);
      expect(await daemon.ok(['network', 'ls', '-q', '--filter', 'name=sub'])).toBe('');
      return;
    }
    expect(made.stderr).toBe('');
    await daemon.ok([
      'run',
      '--rm',
      '--network',
      'sub',
      '--ip',
      `${NET}.5`,
      'busybox',
      'ip',
      'address',
      'show',
      'dev',
      'eth0',
    ]);
    await daemon.ok(['network', 'rm', 'sub']);
    expect(existsSync(`/sys/class/net/${parent}.10`)).toBe(false);
  },
);

/** Tried in a namespace of its own. */
function kernelHas(kind: 'vlan' | 'ipvlan'): boolean {
  const more = kind === 'vlan' ? 'id 1' : '';
  const script = `ip link add a type veth peer name b && ip link add link a name c type ${kind} ${more}`;
  return Bun.spawnSync(['unshare', '--net', 'sh', '-c', script]).exitCode === 0;
}

function run(...argv: readonly string[]): void {
  const { exitCode, stderr } = Bun.spawnSync([...argv]);
  if (exitCode !== 0) throw new Error(`${argv.join(' ')}: ${stderr.toString()}`);
}
