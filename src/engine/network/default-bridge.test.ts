import { expect, test } from 'bun:test';
import type { NetworkNamespaces } from '../../linux/netns/network-namespaces.ts';
import { openDatabase } from '../../store/record/database.host.ts';
import { createNetworkRecords } from '../../store/record/network-records.host.ts';
import { type DefaultBridgeSettings, planDefaultBridge } from './default-bridge.ts';
import { parseCidr, type Subnet } from './ipam.ts';
import { createPools } from './pools.ts';

function plan(defaultBridge: DefaultBridgeSettings, routes: readonly string[] = []) {
  const namespaces: Partial<NetworkNamespaces> = {
    routes: () =>
      routes.map((text) => {
        const [link = '', ip = '', prefixLength] = text.split(/[ /]/);
        return { link, ip, prefixLength: Number(prefixLength) };
      }),
  };
  const deps = {
    records: createNetworkRecords(openDatabase(':memory:')),
    namespaces: namespaces as NetworkNamespaces,
    bridge: 'docker0',
    defaultBridge,
  };
  return planDefaultBridge(deps, createPools('engine'), 'id', '2026-01-01T00:00:00Z');
}

test.each([
  [{}, [], ['172.17.0.0/16 172.17.0.1 ']],
  [{}, ['eth0 172.17.4.0/24'], ['172.18.0.0/16 172.18.0.1 ']],
  [{}, ['docker0 10.5.0.0/24', 'eth0 172.17.4.0/24'], ['10.5.0.0/24 10.5.0.1 ']],
  [{ bip: '10.9.0.7/24' }, [], ['10.9.0.0/24 10.9.0.7 ']],
  [{ bip: '10.9.0.7/16', fixedCidr: '10.9.4.0/24' }, [], ['10.9.0.0/16 10.9.0.7 10.9.4.0/24']],
  [{ fixedCidr: '10.9.4.0/24' }, [], ['10.9.4.0/24 10.9.4.1 ']],
  [{ ipv6: true, fixedCidr6: 'fd00:9::/64' }, [], ['172.17.0.0/16 172.17.0.1 ', 'fd00:9::/64 fd00:9::1 ']],
  [
    { ipv6: true, bip6: 'fd00:9::7/64', fixedCidr6: 'fd00:9::f0/124' },
    [],
    ['172.17.0.0/16 172.17.0.1 ', 'fd00:9::/64 fd00:9::7 fd00:9::f0/124'],
  ],
  [{ fixedCidr6: 'fd00:9::/64' }, [], ['172.17.0.0/16 172.17.0.1 ']],
] as const)('with the settings %o and routes %p the default bridge has %p', (settings, routes, expected) => {
  const { subnets, enableIPv6 } = plan(settings, routes);
  expect(subnets.map(({ subnet, gateway, ipRange = '' }) => `${subnet} ${gateway} ${ipRange}`)).toEqual([...expected]);
  expect(enableIPv6).toBe(expected.length === 2);
});

test('IPv6 without a subnet is of the engine’s own network', () => {
  expect(plan({ ipv6: true }).subnets[1]?.subnet).toMatch(/^fd.*::\/64$/);
});

test('a default gateway is where default routes go, and no container gets its address', () => {
  const { subnets } = plan({
    bip: '10.9.0.1/24',
    router: '10.9.0.254',
    ipv6: true,
    bip6: 'fd00:9::1/64',
    router6: 'fd00:9:0::fe',
  });
  expect(subnets).toMatchObject([
    { gateway: '10.9.0.1', router: '10.9.0.254', aux: { DefaultGatewayIPv4: '10.9.0.254' } },
    { gateway: 'fd00:9::1', router: 'fd00:9::fe', aux: { DefaultGatewayIPv6: 'fd00:9::fe' } },
  ]);
});

test('icc, MTU and address of published ports are the bridge’s', () => {
  const record = plan({ icc: false, mtu: 1400, ip: '127.0.0.1' });
  expect([record.icc, record.mtu, record.hostIp]).toEqual([false, 1400, '127.0.0.1']);
  expect(record.options).toMatchObject({
    'com.docker.network.bridge.enable_icc': 'false',
    'com.docker.network.bridge.host_binding_ipv4': '127.0.0.1',
    'com.docker.network.driver.mtu': '1400',
  });
  expect(plan({ ip: '0.0.0.0' }).hostIp).toBeUndefined();
});

test.each([
  [{ bip: '10.9.0.7' }, 'invalid bridge address (--bip): 10.9.0.7'],
  [{ bip: 'fd00::1/64' }, 'invalid bridge address (--bip)'],
  [{ bip: '10.9.0.7/24', fixedCidr: '10.8.0.0/24' }, '--fixed-cidr 10.8.0.0/24 is not within 10.9.0.0/24'],
  [{ bip: '10.9.0.1/24', router: '10.8.0.1' }, 'default gateway ip must be part of the network: 10.8.0.1'],
  [{ ipv6: true, fixedCidr6: 'x' }, 'invalid subnet (--fixed-cidr-v6): x'],
] as const)('the settings %o are refused', (settings, text) => {
  expect(() => plan(settings)).toThrow(text);
});

test('configured pools are cut into subnets, for the families they name', () => {
  const pools = createPools('engine', [{ base: parseCidr('10.4.0.0/15') as Subnet, size: 16 }]);
  expect([...pools(4)].map(({ base, prefixLength }) => [base, prefixLength])).toEqual([
    [0x0a040000n, 16],
    [0x0a050000n, 16],
  ]);
  for (const { family, prefixLength } of pools(6)) {
    expect([family, prefixLength]).toEqual([6, 64]);
    break;
  }
});
