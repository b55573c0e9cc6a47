import { afterAll, beforeAll, expect, test } from 'bun:test';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';

const PREFIX = `fd00:5c3f:${(process.pid % 65_536).toString(16)}`;
const POOL = `10.212.${process.pid % 250}`;
const OPTION = 'com.docker.network.driver.mtu';
let daemon: TestDaemon;

beforeAll(async () => {
  const ipv6 = ['--ipv6', '--fixed-cidr-v6', `${PREFIX}::/64`];
  const pools = ['--default-address-pool', `base=${POOL}.0/24,size=28`];
  const more = ['--default-gateway-v6', `${PREFIX}::fe`, '--default-network-opt', `bridge=${OPTION}=1300`];
  daemon = await startDaemon({
    flags: [...ipv6, ...pools, ...more, '--allow-direct-routing', '--mtu', '1400', '--icc=false', '--ip', '127.0.0.1'],
  });
}, 60_000);
afterAll(async () => await daemon.stop(), 60_000);

const inside = async (container: string, script: string): Promise<string> =>
  await daemon.ok(['exec', container, 'sh', '-c', script]);

test('info tells the pools of addresses that the user has named', async () => {
  expect(await daemon.ok(['info', '-f', '{{json .DefaultAddressPools}}'])).toBe(`[{"Base":"${POOL}.0/24","Size":28}]`);
});

test('the default bridge has IPv6, MTU, icc and the address of published ports from the daemon’s settings', async () => {
  for (const name of ['one', 'two'])
    await daemon.ok(['run', '-d', '--name', name, '-p', '80', 'busybox', 'sleep', '1000']);
  const ips = async (name: string): Promise<readonly string[]> => {
    const format = '{{.NetworkSettings.IPAddress}} {{.NetworkSettings.GlobalIPv6Address}}';
    return (await daemon.ok(['inspect', '-f', format, name])).split(' ');
  };
  expect((await ips('one'))[1]).toBe(`${PREFIX}::2`);
  expect(await inside('one', 'cat /sys/class/net/eth0/mtu')).toBe('1400');
  expect(await inside('one', `ping -6 -c 1 -W 2 ${PREFIX}::1`)).toContain('1 packets received');
  for (const ip of await ips('two'))
    expect((await daemon.docker(['exec', 'one', 'ping', '-c', '1', '-W', '1', ip])).exitCode).toBe(1);
  expect(await daemon.ok(['port', 'one'])).toMatch(/^80\/tcp -> 127\.0\.0\.1:\d+$/);
  await daemon.ok(['rm', '-f', 'one', 'two']);
});

test('networks get their subnets out of the configured pools until these are used up', async () => {
  const given: string[] = [];
  for (let i = 0; i < 16; i++) await daemon.ok(['network', 'create', `p${i}`]);
  for (let i = 0; i < 16; i++)
    given.push(await daemon.ok(['network', 'inspect', '-f', '{{(index .IPAM.Config 0).Subnet}}', `p${i}`]));
  expect(given).toEqual(Array.from({ length: 16 }, (_, i) => `${POOL}.${16 * i}/28`));
  expect((await daemon.docker(['network', 'create', 'p16'])).stderr).toContain(
    'all predefined address pools have been fully subnetted',
  );
  await daemon.ok(['network', 'prune', '-f']);
});

test('networks get the default options of their driver, unless they have their own or take a configuration', async () => {
  const mtuOf = async (...create: readonly string[]): Promise<string> => {
    await daemon.ok(['network', 'create', ...create, 'with/slash']);
    const mtu = await daemon.ok(['network', 'inspect', '-f', `{{index .Options "${OPTION}"}}`, 'with/slash']);
    const script = 'cat /sys/class/net/eth0/mtu';
    const real = await daemon.ok(['run', '--rm', '--network', 'with/slash', 'busybox', 'sh', '-c', script]);
    await daemon.ok(['network', 'rm', 'with/slash']);
    return `${mtu} ${real}`;
  };
  expect(await mtuOf()).toBe('1300 1300');
  expect(await mtuOf('-o', `${OPTION}=1280`)).toBe('1280 1280');
});

test('the default route goes by the default gateway; published ports are reached by their own addresses', async () => {
  await daemon.ok(['run', '-d', '--name', 'routed', '-p', '80', 'busybox', 'sleep', '1000']);
  expect(await inside('routed', 'ip -6 route show default')).toContain(`via ${PREFIX}::fe `);
  expect(await daemon.ok(['inspect', '-f', '{{.NetworkSettings.IPv6Gateway}}', 'routed'])).toBe(`${PREFIX}::fe`);
  const rules = Bun.spawnSync(['nft', 'list', 'table', 'inet', `skiff_${daemon.bridge}`]).stdout.toString();
  expect(rules).not.toContain(`guard4_${daemon.bridge}`);
  expect(rules).toContain('ip daddr . meta l4proto . th dport @open4 accept');
  await daemon.ok(['rm', '-f', 'routed']);
});
