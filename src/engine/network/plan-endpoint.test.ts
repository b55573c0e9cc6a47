import { expect, test } from 'bun:test';
import type { EndpointSettings } from '../../api/types/network.ts';
import type { EndpointRecord, NetworkRecord } from '../../store/record/network-records.ts';
import { checkEndpoint } from './check-endpoint.ts';
import { chooseGateways, routeThrough } from './gateways.ts';
import { fakeNetwork, fakeSubnet } from './network-record.fake.ts';
import { planWire } from './plan-endpoint.ts';

const endpoint = (name: string, more: Partial<EndpointRecord> = {}): EndpointRecord => ({
  network: name,
  networkId: name,
  endpointId: name,
  wired: { ip: '10.1.0.2', mac: '', hostLink: '', link: 'eth0' },
  settings: {},
  ...more,
});
const plan = (network: NetworkRecord, settings: EndpointSettings = {}, taken: readonly string[] = [], more = {}) =>
  planWire(network, settings, {
    taken: new Set(taken),
    before: [],
    hostLink: 'sk1',
    withoutIPv6: false,
    randomMac: '02:42:01:02:03:04',
    ...more,
  });
const dual = fakeNetwork({
  enableIPv6: true,
  subnets: [
    fakeSubnet('10.1.0.0/24', { gateway: '10.1.0.1', ipRange: '10.1.0.0/29', aux: { a: '10.1.0.3' } }),
    fakeSubnet('fd00:1::/64', { gateway: 'fd00:1::1', aux: { a: 'fd00:1::2' } }),
  ],
});

test('addresses come from the range, past gateway, reserved and given ones; a static one need not be in the range', () => {
  const next = (settings: EndpointSettings, ...taken: readonly string[]) => plan(dual, settings, taken).ip;
  expect(next({}, '10.1.0.2')).toBe('10.1.0.4');
  expect(() => next({}, '10.1.0.2', '10.1.0.4', '10.1.0.5', '10.1.0.6', '10.1.0.7')).toThrow(
    "no available IPv4 addresses on this network's address pools: net (n)",
  );
  const wanted = (ip: string): EndpointSettings => ({ IPAMConfig: { IPv4Address: ip } });
  expect(next(wanted('10.1.0.200'))).toBe('10.1.0.200');
  expect(next(wanted('10.1.0.3'))).toBe('10.1.0.3');
  for (const ip of ['10.1.0.1', '10.1.0.9'])
    expect(() => next(wanted(ip), '10.1.0.9')).toThrow('Address already in use');
  for (const ip of ['10.2.0.1', '10.1.0.0', '10.1.0.255'])
    expect(() => next(wanted(ip))).toThrow(
      `invalid address ${ip}: It does not belong to any of this network's subnets`,
    );
});

test('an endpoint has an address of each family that is on, and a MAC', () => {
  expect(plan(dual)).toEqual({
    ip: '10.1.0.2',
    ip6: 'fd00:1::3',
    mac: '02:42:0a:01:00:02',
    hostLink: 'sk1',
    link: 'eth0',
  });
  expect(plan(dual, { IPAMConfig: { IPv6Address: 'fd00:1:0::00aa' } }).ip6).toBe('fd00:1::aa');
  expect(plan(dual, {}, [], { withoutIPv6: true }).ip6).toBeUndefined();
  const only6 = fakeNetwork({ enableIPv4: false, enableIPv6: true, subnets: dual.subnets.slice(1) });
  expect(plan(only6)).toEqual({ ip6: 'fd00:1::3', mac: '02:42:01:02:03:04', hostLink: 'sk1', link: 'eth0' });
  expect(plan(dual, { MacAddress: '02-00-00-00-00-0A' }).mac).toBe('02:00:00:00:00:0a');
});

test('the next subnet is used when the first is full, and a pair of addresses both are', () => {
  const subnets = [fakeSubnet('10.1.0.0/31'), fakeSubnet('10.2.0.0/24')];
  const network = fakeNetwork({ driver: 'macvlan', link: 'eth9', subnets });
  const given: string[] = [];
  for (let i = 0; i < 3; i++) given.push(plan(network, {}, given).ip ?? '');
  expect(given).toEqual(['10.1.0.0', '10.1.0.1', '10.2.0.1']);
  expect(plan(network).hostLink).toBeUndefined();
});

test('links inside have the first free number behind their prefix, or the name asked for', () => {
  const before = [endpoint('a'), endpoint('b', { wired: { mac: '', link: 'eth2' } })];
  expect(plan(dual, {}, [], { before }).link).toBe('eth1');
  expect(plan({ ...dual, linkPrefix: 'net' }, {}, [], { before }).link).toBe('net0');
  const named = (name: string) => ({ DriverOpts: { 'com.docker.network.endpoint.ifname': name } });
  expect(plan(dual, named('wan'), [], { before }).link).toBe('wan');
  expect(() => plan(dual, named('eth2'), [], { before })).toThrow('error renaming interface to "eth2": file exists');
});

test('settings of a link are kept as paths of that link', () => {
  const sysctls = 'net.ipv4.conf.IFNAME.forwarding=1,net.ipv6.conf.ifname.accept_ra=0';
  expect(plan(dual, { DriverOpts: { 'com.docker.network.endpoint.sysctls': sysctls } }).sysctls).toEqual({
    'net/ipv4/conf/eth0/forwarding': '1',
    'net/ipv6/conf/eth0/accept_ra': '0',
  });
});

test.each([
  [{ IPAMConfig: { IPv4Address: '10.1.0.9' } }, 'predefined', 'on user defined networks only'],
  [{ Aliases: ['x'] }, 'predefined', 'only supported for user-defined networks'],
  [{ IPAMConfig: { IPv4Address: '10.1.0.9' } }, 'pooled', 'networks with user configured subnets'],
  [{ IPAMConfig: { IPv6Address: 'fd00::9' } }, 'chosen', 'networks with user configured subnets'],
  [
    { IPAMConfig: { IPv4Address: '10.2.0.9' } },
    'chosen',
    'no configured subnet or ip-range contain the IP address 10.2.0.9',
  ],
  [{ IPAMConfig: { IPv4Address: '10.1.0' } }, 'chosen', 'invalid IPv4 address: 10.1.0'],
  [{ IPAMConfig: { IPv4Address: 'fd00::1' } }, 'chosen', 'invalid IPv4 address: fd00::1'],
  [{ IPAMConfig: { IPv6Address: '10.1.0.2' } }, 'chosen', 'invalid IPv6 address: 10.1.0.2'],
  [{ IPAMConfig: { LinkLocalIPs: ['x'] } }, 'chosen', 'invalid link-local IP address: x'],
  [{ DriverOpts: { 'com.x': '1' } }, 'chosen', 'endpoint option com.x is not supported yet'],
  [{ MacAddress: '01:00:00:00:00:00' }, 'chosen', 'invalid MAC address'],
  [{ Links: ['a:b:c'] }, 'chosen', 'bad format for links: a:b:c'],
  [
    { DriverOpts: { 'com.docker.network.endpoint.sysctls': 'net.ipv4.conf.eth0.forwarding=1' } },
    'predefined',
    "unrecognised network interface sysctl 'net.ipv4.conf.eth0.forwarding=1'; represent 'net.X.Y.ethN.Z=V'",
  ],
  [
    { DriverOpts: { 'com.docker.network.endpoint.sysctls': 'net.ipv4.conf.IFNAME.../../../kernel/x=1' } },
    'predefined',
    'unrecognised network interface sysctl',
  ],
  [{ DriverOpts: { 'com.docker.network.endpoint.ifname': 'a/b' } }, 'predefined', 'invalid interface name: a/b'],
] as const)('endpoint settings %o on a %s network are refused', (settings, on, text) => {
  const network = fakeNetwork({ subnets: [fakeSubnet('10.1.0.0/24', { chosen: on === 'chosen' })] });
  const place = on === 'predefined' ? { kind: on } : ({ kind: 'user', network } as const);
  expect(() => checkEndpoint(settings as unknown as EndpointSettings, place)).toThrow(text);
});

test('all that is wrong with an endpoint is told at once', () => {
  const settings = { Aliases: ['x'], IPAMConfig: { IPv4Address: 'y' } };
  expect(() => checkEndpoint(settings, { kind: 'predefined' })).toThrow(
    'invalid endpoint settings:\n* user specified IP address is supported on user defined networks only\n* network-scoped aliases are only supported for user-defined networks\n* invalid IPv4 address: y',
  );
});

test('the default route goes by priority, then by name, and never into an internal network', () => {
  const lookup = (id: string): NetworkRecord => ({ ...fakeNetwork(), internal: id === 'inside' });
  const chosen = (...endpoints: readonly EndpointRecord[]): string | undefined =>
    chooseGateways(endpoints, lookup).ipv4?.network;
  const preferred = { settings: { GwPriority: 9 } };
  expect(chosen(endpoint('b'), endpoint('a'))).toBe('a');
  expect(chosen(endpoint('b', preferred), endpoint('a'))).toBe('b');
  expect(chosen(endpoint('inside', preferred), endpoint('z'))).toBe('z');
  expect(chosen(endpoint('inside'))).toBeUndefined();
});

test('each family has a gateway of its own', () => {
  const networks: Readonly<Record<string, NetworkRecord>> = {
    a: fakeNetwork(),
    b: dual,
    l3: fakeNetwork({ driver: 'ipvlan', mode: 'l3', subnets: [fakeSubnet('10.1.0.0/24')] }),
    open: fakeNetwork({ driver: 'macvlan', subnets: [fakeSubnet('10.1.0.0/24')] }),
  };
  const of = (id: string) => networks[id];
  const both = endpoint('b', { wired: { ip: '10.1.0.2', ip6: 'fd00:1::3', mac: '', link: 'eth1' } });
  const chosen = chooseGateways([endpoint('a'), both], of);
  expect([chosen.ipv4?.network, chosen.ipv6?.network]).toEqual(['a', 'b']);
  expect(routeThrough(both, 6, of)).toEqual({ via: 'fd00:1::1' });
  expect(routeThrough(endpoint('l3'), 4, of)).toEqual({ link: 'eth0' });
  expect(routeThrough(endpoint('open'), 4, of)).toBeUndefined();
});
