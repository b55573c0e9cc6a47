import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';

/** Of this run alone: others may test on the machine at the same time. */
const PREFIX = `fd00:5c1f:${(process.pid % 65_536).toString(16)}`;
const SUBNET4 = `10.215.${process.pid % 250}`;
let daemon: TestDaemon;

beforeAll(async () => {
  daemon = await startDaemon();
}, 60_000);
afterAll(async () => await daemon.stop(), 60_000);

const endpoint = async (container: string, network: string) =>
  JSON.parse(await daemon.ok(['inspect', '-f', `{{json (index .NetworkSettings.Networks "${network}")}}`, container]));
const inside = async (container: string, script: string): Promise<string> =>
  await daemon.ok(['exec', container, 'sh', '-c', script]);

test('a dual-stack network gives an address of each family, usable at once, and both default routes', async () => {
  await daemon.ok([
    'network',
    'create',
    '--ipv6',
    '--subnet',
    `${PREFIX}:1::/64`,
    '--gateway',
    `${PREFIX}:1::f`,
    'dual',
  ]);
  await daemon.ok(['run', '-d', '--name', 'one', '--network', 'dual', '--hostname', 'one', 'busybox', 'sleep', '1000']);
  const fixed = ['--network', 'dual', '--ip6', `${PREFIX}:1:0:0::00aa`];
  await daemon.ok(['run', '-d', '--name', 'two', ...fixed, 'busybox', 'sleep', '1000']);
  const [one, two] = [await endpoint('one', 'dual'), await endpoint('two', 'dual')];
  expect([one.GlobalIPv6Address, one.GlobalIPv6PrefixLen, one.IPv6Gateway, one.IPPrefixLen]).toEqual([
    `${PREFIX}:1::1`,
    64,
    `${PREFIX}:1::f`,
    16,
  ]);
  expect(two.GlobalIPv6Address).toBe(`${PREFIX}:1::aa`);
  expect(await inside('one', 'ip -6 route | grep default')).toContain(`default via ${PREFIX}:1::f dev eth0`);
  expect(await inside('one', 'ip -4 route | grep default')).toContain(`default via ${one.Gateway} dev eth0`);
  expect(await inside('one', 'ip -6 address show dev eth0 scope global')).not.toContain('tentative');
  for (const ip of [two.GlobalIPv6Address, `${PREFIX}:1::f`])
    expect(await inside('one', `ping -6 -c 1 -W 2 ${ip}`)).toContain('1 packets received');
  const hosts = (await inside('one', 'cat /etc/hosts')).split('\n');
  expect(hosts).toContain(`${one.GlobalIPv6Address}\tone`);
  expect(hosts).toContain(`${one.IPAddress}\tone`);
  const shown = JSON.parse(await daemon.ok(['network', 'inspect', 'dual']))[0];
  expect([shown.EnableIPv4, shown.EnableIPv6, shown.IPAM.Config.at(1)]).toEqual([
    true,
    true,
    { Subnet: `${PREFIX}:1::/64`, Gateway: `${PREFIX}:1::f` },
  ]);
  expect(
    Object.values<{ IPv6Address: string }>(shown.Containers)
      .map(({ IPv6Address }) => IPv6Address)
      .sort(),
  ).toEqual([`${PREFIX}:1::1/64`, `${PREFIX}:1::aa/64`].sort());
  const taken = await daemon.docker(['run', '--rm', ...fixed, 'busybox', 'true']);
  expect(taken.stderr).toContain('Address already in use');
  await daemon.ok(['rm', '-f', 'one', 'two']);
  await daemon.ok(['network', 'rm', 'dual']);
});

test('a network without IPv4 has IPv6 alone, and one without IPv6 has not even a link-local address', async () => {
  await daemon.ok(['network', 'create', '--ipv4=false', '--ipv6', '--subnet', `${PREFIX}:2::/64`, 'only6']);
  await daemon.ok(['network', 'create', 'only4']);
  await daemon.ok(['run', '-d', '--name', 'six', '--network', 'only6', 'busybox', 'sleep', '1000']);
  await daemon.ok(['run', '-d', '--name', 'four', '--network', 'only4', 'busybox', 'sleep', '1000']);
  const six = await endpoint('six', 'only6');
  expect([six.IPAddress, six.IPPrefixLen, six.Gateway, six.GlobalIPv6Address]).toEqual(['', 0, '', `${PREFIX}:2::2`]);
  expect(await inside('six', 'ip -4 address show dev eth0')).toBe('');
  expect(await inside('six', `ping -6 -c 1 -W 2 ${PREFIX}:2::1`)).toContain('1 packets received');
  expect(await inside('four', 'ip -6 address show dev eth0')).toBe('');
  await daemon.ok(['network', 'connect', '--ip6', `${PREFIX}:2::77`, 'only6', 'four']);
  expect((await endpoint('four', 'only6')).GlobalIPv6Address).toBe(`${PREFIX}:2::77`);
  expect(await inside('four', 'ip -6 route | grep default')).toContain(`default via ${PREFIX}:2::1 dev eth1`);
  expect(await inside('four', 'ip -4 route | grep default')).toContain('dev eth0');
  await daemon.ok(['network', 'disconnect', 'only6', 'four']);
  expect(await inside('four', 'ip -6 route | grep default; ls /sys/class/net | tr "\\n" " "')).toBe('eth0 lo ');
  const off = ['--sysctl', 'net.ipv6.conf.all.disable_ipv6=1'];
  await daemon.ok(['run', '-d', '--name', 'off', '--network', 'only4', ...off, 'busybox', 'sleep', '1000']);
  await daemon.ok(['network', 'connect', 'only6', 'off']);
  expect((await endpoint('off', 'only6')).GlobalIPv6Address).toBe('');
  await daemon.ok(['rm', '-f', 'six', 'four', 'off']);
  await daemon.ok(['network', 'rm', 'only6', 'only4']);
});

test('the bridge has the gateways, believes no router, and on an isolated or inhibited network has none', async () => {
  const link = `br6${(process.pid % 46_656).toString(36)}`;
  const named = (name: string, ...more: readonly string[]) =>
    daemon.ok(['network', 'create', '-o', `com.docker.network.bridge.name=${link}${name}`, ...more, `net${name}`]);
  const addresses = (name: string): string =>
    Bun.spawnSync(['ip', '-o', 'address', 'show', 'dev', `${link}${name}`, 'scope', 'global']).stdout.toString();
  await named('a', '--ipv6', '--subnet', `${PREFIX}:3::/64`);
  expect(addresses('a')).toContain(`${PREFIX}:3::1/64`);
  expect(readFileSync(`/proc/sys/net/ipv6/conf/${link}a/accept_ra`, 'utf8')).toBe('0\n');
  const isolated = [4, 6].flatMap((family) => ['-o', `com.docker.network.bridge.gateway_mode_ipv${family}=isolated`]);
  await named('b', '--internal', '--ipv6', ...isolated);
  expect(addresses('b')).toBe('');
  expect(await daemon.ok(['network', 'inspect', '-f', '{{range .IPAM.Config}}[{{.Gateway}}]{{end}}', 'netb'])).toBe(
    '[][]',
  );
  await named('c', '-o', 'com.docker.network.bridge.inhibit_ipv4=true');
  expect(addresses('c')).toBe('');
  await daemon.ok(['network', 'rm', 'neta', 'netb', 'netc']);
  expect(existsSync(`/sys/class/net/${link}a`)).toBe(false);
});

test('a container of a full subnet is refused, and a point-to-point subnet has room for one beside the gateway', async () => {
  await daemon.ok(['network', 'create', '--subnet', `${SUBNET4}.4/31`, 'pair']);
  await daemon.ok(['run', '-d', '--name', 'alone', '--network', 'pair', 'busybox', 'sleep', '1000']);
  expect((await endpoint('alone', 'pair')).IPAddress).toBe(`${SUBNET4}.5`);
  expect(await inside('alone', `ping -c 1 -W 2 ${SUBNET4}.4`)).toContain('1 packets received');
  const full = await daemon.docker(['run', '--rm', '--network', 'pair', 'busybox', 'true']);
  const id = await daemon.ok(['network', 'inspect', '-f', '{{.Id}}', 'pair']);
  expect(full.stderr).toContain(`no available IPv4 addresses on this network's address pools: pair (${id})`);
  await daemon.ok(['rm', '-f', 'alone']);
  await daemon.ok(['network', 'rm', 'pair']);
});
