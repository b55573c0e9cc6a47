import { expect, test } from 'bun:test';
import type { EndpointSettings, IPAMConfig, Network } from '../../api/types/network.ts';
import { formatTable } from '../../linux/firewall/ruleset.ts';
import type { EndpointRecord, NetworkRecord } from '../../store/record/network-records.ts';
import { parseBridgeOptions } from './bridge-options.ts';
import { parseNetworkCreate } from './create-request.ts';
import { defaultPools, parseCidr, type Subnet } from './ipam.ts';
import { fakeNetwork, fakeSubnet } from './network-record.fake.ts';
import { networkFilter, pruneFilter } from './network-service.ts';
import { checkEndpoint, freeLinkName, gatewayEndpoint, planAddress } from './plan-endpoint.ts';
import { planSubnet } from './plan-subnet.ts';

const subnets = (...texts: readonly string[]): readonly Subnet[] => texts.map((text) => parseCidr(text) as Subnet);
const plan = (config: IPAMConfig, ours: readonly string[] = [], host: readonly string[] = []) =>
  planSubnet([config], { ours: subnets(...ours), host: subnets(...host) }, defaultPools());
const network = fakeNetwork();

test('without a subnet the first pool that neither we nor the host uses is taken', () => {
  expect(plan({}, ['172.17.0.0/16'], ['172.18.5.0/24', '172.16.0.0/12'].slice(0, 1))).toEqual({
    subnet: '172.19.0.0/16',
    gateway: '172.19.0.1',
    aux: {},
    chosen: false,
  });
  expect(() => plan({}, ['172.16.0.0/12', '192.168.0.0/16'])).toThrow(
    'all predefined address pools have been fully subnetted',
  );
});

test.each([
  [{ Subnet: '10.1.0.0/24' }, { subnet: '10.1.0.0/24', gateway: '10.1.0.1', aux: {}, chosen: true }],
  [
    { Subnet: '10.1.0.0/16', IPRange: '10.1.5.0/24', Gateway: '10.1.5.254', AuxiliaryAddresses: { r: '10.1.5.7' } },
    { subnet: '10.1.0.0/16', gateway: '10.1.5.254', aux: { r: '10.1.5.7' }, ipRange: '10.1.5.0/24', chosen: true },
  ],
  [
    { Subnet: '10.1.0.0/16', IPRange: '10.1.5.0/24' },
    { subnet: '10.1.0.0/16', gateway: '10.1.5.0', aux: {}, ipRange: '10.1.5.0/24', chosen: true },
  ],
  [
    { Subnet: '10.1.0.0/24', AuxiliaryAddresses: { r: '10.1.0.1' } },
    { subnet: '10.1.0.0/24', gateway: '10.1.0.2', aux: { r: '10.1.0.1' }, chosen: true },
  ],
])('%o is planned', (config: IPAMConfig, expected) => {
  expect(plan(config) as object).toEqual(expected);
});

test.each([
  [{ Gateway: '10.1.0.1' }, 'invalid subnet : invalid CIDR block notation'],
  [{ Subnet: '10.1.0.5/24' }, 'invalid subnet 10.1.0.5/24: it should be 10.1.0.0/24'],
  [
    { Subnet: '10.1.0.0/24', Gateway: '10.2.0.1' },
    "invalid gateway 10.2.0.1: parent subnet 10.1.0.0/24 doesn't contain",
  ],
  [{ Subnet: '10.1.0.0/24', Gateway: '10.1.0.255' }, "it is the network's or the broadcast address"],
  [{ Subnet: '10.1.0.0/24', Gateway: 'x' }, 'invalid gateway x: invalid address'],
  [
    { Subnet: '10.1.0.0/24', IPRange: '10.2.0.0/25' },
    "invalid ip-range 10.2.0.0/25: parent subnet 10.1.0.0/24 doesn't",
  ],
  [{ Subnet: '10.1.0.0/24', IPRange: '10.1.0.0/16' }, "doesn't contain ip-range"],
  [{ Subnet: '10.1.0.0/24', AuxiliaryAddresses: { a: '9.9.9.9' } }, 'invalid auxiliary address 9.9.9.9'],
  [{ Subnet: 'fd00::/64' }, 'an IPv6 subnet (fd00::/64) is not supported yet'],
])('%o is refused', (config: IPAMConfig, text) => {
  expect(() => plan(config)).toThrow(text);
});

test('a subnet that overlaps another network of ours is refused, and so are several', () => {
  expect(() => plan({ Subnet: '10.1.0.0/25' }, ['10.1.0.0/24'])).toThrow('Pool overlaps with other one');
  const two = [{ Subnet: '10.1.0.0/24' }, { Subnet: '10.2.0.0/24' }];
  expect(() => planSubnet(two, { ours: [], host: [] }, [])).toThrow("bridge driver doesn't support multiple subnets");
});

test('addresses come from the range, past gateway, reserved and given ones; a static one need not be in the range', () => {
  const subnet = { gateway: '10.1.0.1', ipRange: '10.1.0.0/29', aux: { a: '10.1.0.3' } };
  const ranged = fakeNetwork({ subnets: [fakeSubnet('10.1.0.0/24', subnet)] });
  const next = (settings: EndpointSettings, ...taken: readonly string[]): string =>
    planAddress(ranged, settings, new Set(taken)).ip;
  expect(next({}, '10.1.0.2')).toBe('10.1.0.4');
  expect(() => next({}, '10.1.0.2', '10.1.0.4', '10.1.0.5', '10.1.0.6', '10.1.0.7')).toThrow(
    "no available IPv4 addresses on this network's address pools: net (10.1.0.0/24)",
  );
  const wanted = (ip: string): EndpointSettings => ({ IPAMConfig: { IPv4Address: ip } });
  expect(next(wanted('10.1.0.200'))).toBe('10.1.0.200');
  expect(next(wanted('10.1.0.3'))).toBe('10.1.0.3');
  for (const ip of ['10.1.0.1', '10.1.0.9'])
    expect(() => next(wanted(ip), '10.1.0.9')).toThrow('Address already in use');
  for (const ip of ['10.2.0.1', '10.1.0.0', '10.1.0.255'])
    expect(() => next(wanted(ip))).toThrow(`no configured subnet contains IP address ${ip}`);
  expect(planAddress(ranged, { MacAddress: '02-00-00-00-00-0A' }, new Set()).mac).toBe('02:00:00:00:00:0a');
});

test.each([
  [{ IPAMConfig: { IPv4Address: '10.1.0.9' } }, 'default', 'on user defined networks only'],
  [{ IPAMConfig: { IPv4Address: '10.1.0.9' } }, 'pooled', 'networks with user configured subnets'],
  [{ IPAMConfig: { IPv4Address: '10.1.0' } }, 'chosen', 'invalid IPv4 address: 10.1.0'],
  [{ IPAMConfig: { IPv6Address: '::1' } }, 'chosen', 'a static IPv6 address is not supported yet'],
  [{ Aliases: ['x'] }, 'default', 'only supported for user-defined networks'],
  [{ Links: ['x'] }, 'chosen', '--link is not supported yet'],
  [{ DriverOpts: { 'com.x': '1' } }, 'chosen', 'endpoint option com.x is not supported yet'],
  [{ MacAddress: '01:00:00:00:00:00' }, 'chosen', 'invalid MAC address'],
] as const)('endpoint settings %o on a %s network are refused', (settings, on, text) => {
  expect(() => checkEndpoint(settings as unknown as EndpointSettings, on)).toThrow(text);
});

test('the default route goes by priority, then by name, and never into an internal network', () => {
  const endpoint = (name: string, GwPriority = 0, link = 'eth0'): EndpointRecord => ({
    network: name,
    networkId: name,
    endpointId: name,
    wired: { ip: '', mac: '', hostLink: '', link },
    settings: { GwPriority },
  });
  const lookup = (id: string): NetworkRecord => ({ ...network, internal: id === 'inside' });
  const chosen = (...endpoints: readonly EndpointRecord[]): string | undefined =>
    gatewayEndpoint(endpoints, lookup)?.network;
  expect(chosen(endpoint('b'), endpoint('a'))).toBe('a');
  expect(chosen(endpoint('b', 1), endpoint('a'))).toBe('b');
  expect(chosen(endpoint('inside', 9), endpoint('z'))).toBe('z');
  expect(chosen(endpoint('inside'))).toBeUndefined();
  expect(freeLinkName([endpoint('a', 0, 'eth0'), endpoint('b', 0, 'eth2')])).toBe('eth1');
});

test.each([
  ['com.docker.network.driver.mtu', '67', 'invalid MTU: 67'],
  ['com.docker.network.bridge.name', 'a/b', 'invalid bridge name'],
  ['com.docker.network.bridge.name', 'x'.repeat(16), 'invalid bridge name'],
  ['com.docker.network.bridge.enable_icc', 'maybe', 'invalid com.docker.network.bridge.enable_icc'],
  ['com.docker.network.bridge.gateway_mode_ipv4', 'routed', 'gateway mode routed is not supported yet'],
  ['com.example.other', '1', 'network option com.example.other is not supported yet'],
])('bridge option %s=%s is refused', (key, value, text) => {
  expect(() => parseBridgeOptions({ [key]: value })).toThrow(text);
});

test('bridge options are read', () => {
  const prefix = 'com.docker.network';
  const options = {
    [`${prefix}.bridge.name`]: 'mine0',
    [`${prefix}.driver.mtu`]: '1400',
    [`${prefix}.bridge.enable_icc`]: 'false',
    [`${prefix}.bridge.enable_ip_masquerade`]: '0',
    [`${prefix}.bridge.host_binding_ipv4`]: '127.0.0.1',
  };
  expect(parseBridgeOptions(options)).toEqual({
    link: 'mine0',
    mtu: 1400,
    icc: false,
    masquerade: false,
    hostIp: '127.0.0.1',
  });
});

test.each([
  [{}, 'name is empty'],
  [{ Name: 'a/b' }, 'invalid network name: a/b'],
  [{ Name: 'host' }, 'operation is not permitted on predefined host network'],
  [{ Name: 'x', Driver: 'ipvlan' }, 'network driver ipvlan is not supported yet'],
  [{ Name: 'x', Driver: 'nope' }, 'could not find plugin nope in v1 plugin registry: plugin not found'],
  [{ Name: 'x', EnableIPv6: true }, 'IPv6 in a network is not supported yet'],
  [{ Name: 'x', IPAM: { Driver: 'dhcp' } }, 'IPAM driver dhcp is not supported yet'],
  [{ Name: 'x', IPAM: { Config: {} } }, 'IPAM.Config must be an array'],
  [{ Name: 'x', Labels: { a: 1 } }, 'Labels must be a string'],
  [{ Name: 'x', ConfigOnly: true }, 'is not supported yet'],
])('the request %o is refused', (body, text) => {
  expect(() => parseNetworkCreate(body)).toThrow(text);
});

test('null stands for what a client does not say', () => {
  expect(
    parseNetworkCreate({ Name: 'p_default', Driver: null, Options: null, Labels: null, IPAM: { Config: null } }),
  ).toEqual({
    name: 'p_default',
    configs: [],
    ipamOptions: null,
    options: {},
    labels: {},
    internal: false,
    attachable: false,
  });
});

test('networks are filtered by type, label and use; prune leaves those in use and the built-in ones', () => {
  const all: readonly Network[] = [
    { Name: 'bridge', Id: '1', Containers: {} },
    { Name: 'used', Id: '2', Containers: { c: {} }, Labels: { a: '1' } },
    { Name: 'idle', Id: '3', Containers: {}, Labels: { a: '2' }, Created: '2026-01-01T00:00:00Z' },
  ];
  const names = (key: string, value: string): readonly string[] =>
    all.filter(networkFilter(new Map([[key, [value]]]))).map(({ Name = '' }) => Name);
  expect(names('type', 'custom')).toEqual(['used', 'idle']);
  expect(names('type', 'builtin')).toEqual(['bridge']);
  expect(names('dangling', 'true')).toEqual(['idle']);
  expect(names('label', 'a')).toEqual(['used', 'idle']);
  expect(names('label', 'a=2')).toEqual(['idle']);
  expect(() => names('type', 'x')).toThrow("invalid filter: 'type'='x'");
  const pruned = (...filters: readonly [string, readonly string[]][]): readonly string[] =>
    all.filter(pruneFilter(new Map(filters))).map(({ Name = '' }) => Name);
  expect(pruned()).toEqual(['idle']);
  expect(pruned(['label!', ['a']])).toEqual([]);
  expect(pruned(['until', ['2025-01-01T00:00:00Z']])).toEqual([]);
});

test('an internal bridge is never masqueraded and cut off both ways', () => {
  const bridge = {
    link: 'br-i',
    subnet: '10.1.0.0/24',
    masquerade4: true,
    masquerade6: true,
    icc: true,
    internal: true,
    gatewayMode4: 'nat',
    gatewayMode6: 'nat',
    trustedHostInterfaces: [],
  } as const;
  const text = formatTable('t', [bridge], []);
  expect(text).not.toContain('masquerade');
  expect(text).toContain('iifname "br-i" oifname != "br-i" drop');
  expect(text).toContain('oifname "br-i" iifname != "br-i" drop');
});
