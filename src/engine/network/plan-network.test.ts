import { expect, test } from 'bun:test';
import type { NetworkRecord } from '../../store/record/network-records.ts';
import { parseNetworkCreate } from './create-request.ts';
import { parseCidr, type Subnet } from './ipam.ts';
import { fakeNetwork, fakeSubnet } from './network-record.fake.ts';
import { type NetworkPlace, planNetwork } from './plan-network.ts';
import { createPools } from './pools.ts';

const subnets = (...texts: readonly string[]): readonly Subnet[] => texts.map((text) => parseCidr(text) as Subnet);

interface Around {
  readonly others?: readonly NetworkRecord[];
  readonly host?: readonly string[];
  readonly links?: readonly string[];
}

function plan(body: Readonly<Record<string, unknown>>, { others = [], host = [], links = [] }: Around = {}) {
  const place: NetworkPlace = {
    id: 'abcdef0123456789'.repeat(4),
    created: '2026-01-01T00:00:00Z',
    others,
    hasLink: (link) => links.includes(link),
    hostSubnets: subnets(...host),
    avoided: [],
    pools: createPools('engine'),
  };
  return planNetwork(parseNetworkCreate({ Name: 'x', ...body }), place);
}
const config = (...configs: readonly object[]) => ({ IPAM: { Config: configs } });
const option = (key: string, value: string) => ({ Options: { [`com.docker.network.${key}`]: value } });

test('without a subnet the first pool that neither we nor the host uses is taken', () => {
  const others = [fakeNetwork({ subnets: [fakeSubnet('172.17.0.0/16')] })];
  expect(plan({}, { others, host: ['172.18.5.0/24'] }).subnets).toEqual([
    { family: 4, subnet: '172.19.0.0/16', gateway: '172.19.0.1', aux: {}, chosen: false },
  ]);
  expect(() => plan({}, { host: ['172.16.0.0/12', '192.168.0.0/16'] })).toThrow(
    'all predefined address pools have been fully subnetted',
  );
});

test('IPv6 subnets come one after another out of a unique local network of the engine', () => {
  const first = plan({ EnableIPv6: true });
  const [, ipv6] = first.subnets;
  expect(ipv6?.subnet).toMatch(/^fd[0-9a-f]{2}:[0-9a-f:]+::\/64$/);
  expect(ipv6?.gateway).toBe(ipv6?.subnet.replace('/64', '1'));
  const second = plan({ EnableIPv6: true }, { others: [{ ...first, link: 'br-first' }] }).subnets[1]?.subnet;
  expect(second).toBe(ipv6?.subnet.replace('::/64', ':1::/64'));
  expect(plan({ EnableIPv6: true }).subnets[1]?.subnet).toBe(ipv6?.subnet);
});

test.each([
  [{}, [4], true, false],
  [{ EnableIPv6: true }, [4, 6], true, true],
  [{ EnableIPv6: true, EnableIPv4: false }, [6], false, true],
  [option('enable_ipv6', 'true'), [4, 6], true, true],
  [{ ...option('enable_ipv6', 'true'), EnableIPv6: false }, [4], true, false],
  [config({ Subnet: 'fd00:1::/64' }), [4], true, false],
])('%o has subnets of families %p', (body, families, ipv4, ipv6) => {
  const record = plan(body);
  expect([record.subnets.map(({ family }): number => family), record.enableIPv4, record.enableIPv6]).toEqual([
    families,
    ipv4,
    ipv6,
  ]);
});

test.each([
  [{ Subnet: '10.1.0.0/24' }, { subnet: '10.1.0.0/24', gateway: '10.1.0.1', gatewayUnnamed: true, aux: {} }],
  [
    { Subnet: '10.1.0.0/16', IPRange: '10.1.5.0/24', Gateway: '10.1.5.254', AuxiliaryAddresses: { r: '10.1.5.7' } },
    { subnet: '10.1.0.0/16', gateway: '10.1.5.254', aux: { r: '10.1.5.7' }, ipRange: '10.1.5.0/24' },
  ],
  [
    { Subnet: '10.1.0.0/16', IPRange: '10.1.5.0/24' },
    { subnet: '10.1.0.0/16', gateway: '10.1.5.0', gatewayUnnamed: true, aux: {}, ipRange: '10.1.5.0/24' },
  ],
  [
    { Subnet: '10.1.0.0/24', AuxiliaryAddresses: { r: '10.1.0.1' } },
    { subnet: '10.1.0.0/24', gateway: '10.1.0.2', gatewayUnnamed: true, aux: { r: '10.1.0.1' } },
  ],
  [{ Subnet: '10.1.0.4/31' }, { subnet: '10.1.0.4/31', gateway: '10.1.0.4', gatewayUnnamed: true, aux: {} }],
  [
    { Subnet: 'FD00:1:0::/64', Gateway: 'fd00:1::00ff', AuxiliaryAddresses: { r: 'fd00:1:0:0::9' } },
    { subnet: 'fd00:1::/64', gateway: 'fd00:1::ff', aux: { r: 'fd00:1::9' } },
  ],
  [{ Subnet: 'fd00:1::/127' }, { subnet: 'fd00:1::/127', gateway: 'fd00:1::', gatewayUnnamed: true, aux: {} }],
])('%o is planned', (given: { readonly Subnet: string }, expected) => {
  const family = given.Subnet.includes('::') ? 6 : 4;
  const body = { ...config(given), EnableIPv4: family === 4, EnableIPv6: family === 6 };
  expect(plan(body).subnets as readonly object[]).toEqual([{ family, chosen: true, ...expected }]);
});

test.each([
  [{ Gateway: '10.1.0.1' }, 'invalid subnet : invalid CIDR block notation'],
  [{ Subnet: '127.1.0.0/16' }, 'invalid subnet 127.1.0.0/16: it holds loopback addresses'],
  [{ Subnet: '0.0.0.0/8' }, 'invalid subnet 0.0.0.0/8: it holds addresses of no network'],
  [{ Subnet: '224.0.0.0/3' }, 'invalid subnet 224.0.0.0/3: it holds multicast addresses'],
  [{ Subnet: 'ff02::/16' }, 'invalid subnet ff02::/16: it holds multicast addresses'],
  [{ Subnet: '10.1.0.5/24' }, 'invalid subnet 10.1.0.5/24: it should be 10.1.0.0/24'],
  [
    { Subnet: '10.1.0.0/24', Gateway: '10.2.0.1' },
    "invalid gateway 10.2.0.1: parent subnet 10.1.0.0/24 doesn't contain this address",
  ],
  [{ Subnet: '10.1.0.0/24', Gateway: '10.1.0.255' }, "it is the network's or the broadcast address"],
  [{ Subnet: '10.1.0.0/24', Gateway: 'x' }, 'invalid gateway x: invalid address'],
  [{ Subnet: '10.1.0.0/24', Gateway: 'fd00::1' }, 'invalid gateway fd00::1: parent subnet is an IPv4 block'],
  [{ Subnet: 'fd00::/64', IPRange: '10.0.0.0/8' }, 'invalid ip-range 10.0.0.0/8: parent subnet is an IPv6 block'],
  [
    { Subnet: '10.1.0.0/24', IPRange: '10.2.0.0/25' },
    "invalid ip-range 10.2.0.0/25: parent subnet 10.1.0.0/24 doesn't contain ip-range",
  ],
  [{ Subnet: '10.1.0.0/24', IPRange: '10.1.0.0/16' }, 'CIDR block is bigger than its parent subnet 10.1.0.0/24'],
  [{ Subnet: '10.1.0.0/24', IPRange: '10.1.0.9/25' }, 'invalid ip-range 10.1.0.9/25: it should be 10.1.0.0/25'],
  [{ Subnet: '10.1.0.0/24', AuxiliaryAddresses: { a: '9.9.9.9' } }, 'invalid auxiliary address a: parent subnet'],
  [{ Subnet: '10.1.0.4/32' }, undefined],
])('the addresses %o: %p', (given, text) => {
  const run = () => plan({ ...config(given), EnableIPv6: true });
  if (text === undefined) expect(run().subnets[0]?.gateway).toBe('10.1.0.4');
  else expect(run).toThrow(text);
});

test('all that is wrong with the addresses is told at once', () => {
  expect(() => plan(config({ Subnet: '10.1.0.5/24', Gateway: 'x' }, { Subnet: 'y' }))).toThrow(
    'invalid network config:\n* invalid subnet 10.1.0.5/24: it should be 10.1.0.0/24\n* invalid gateway x: invalid address\n* invalid subnet y: invalid CIDR block notation',
  );
});

test('a subnet that overlaps is refused; a bridge has one of each family, macvlan several', () => {
  const others = [fakeNetwork({ link: 'br-o', subnets: [fakeSubnet('10.1.0.0/24'), fakeSubnet('fd00:1::/64')] })];
  const overlap = 'invalid pool request: Pool overlaps with other one on this address space';
  expect(() => plan(config({ Subnet: '10.1.0.0/25' }), { others })).toThrow(overlap);
  expect(() => plan({ ...config({ Subnet: 'fd00:1::/80' }), EnableIPv6: true }, { others })).toThrow(overlap);
  expect(() => plan(config({ Subnet: '10.5.0.0/24' }), { host: ['10.5.0.0/24'] })).toThrow(overlap);
  expect(plan(config({ Subnet: '10.5.0.0/24' }), { host: ['10.0.0.0/8'] }).subnets.length).toBe(1);
  const two = config({ Subnet: '10.3.0.0/24' }, { Subnet: '10.4.0.0/24' });
  expect(() => plan(two)).toThrow("bridge driver doesn't support multiple subnets");
  expect(plan({ ...two, Driver: 'macvlan' }).subnets.map(({ subnet }) => subnet)).toEqual([
    '10.3.0.0/24',
    '10.4.0.0/24',
  ]);
  const same = config({ Subnet: '10.3.0.0/24' }, { Subnet: '10.3.0.0/25' });
  expect(() => plan({ ...same, Driver: 'macvlan' })).toThrow(overlap);
  const both = config({ Subnet: '10.3.0.0/24' }, { Subnet: 'fd00:3::/64' });
  expect(plan({ ...both, EnableIPv6: true }).subnets.length).toBe(2);
});

test('macvlan and ipvlan have a gateway only when it is named, and an isolated bridge has none', () => {
  const gateways = (body: Readonly<Record<string, unknown>>) =>
    plan({ ...config({ Subnet: '10.3.0.0/24' }), ...body }, { links: ['eth9'] }).subnets.map(({ gateway }) => gateway);
  expect(gateways({ Driver: 'macvlan', Options: { parent: 'eth9' } })).toEqual([undefined]);
  expect(gateways({ Driver: 'ipvlan', Options: { parent: 'eth9' } })).toEqual([undefined]);
  const named = config({ Subnet: '10.3.0.0/24', Gateway: '10.3.0.9' });
  expect(gateways({ Driver: 'macvlan', Options: { parent: 'eth9' }, ...named })).toEqual(['10.3.0.9']);
  const isolated = option('bridge.gateway_mode_ipv4', 'isolated');
  expect(gateways({ ...isolated, Internal: true, EnableIPv6: true })).toEqual([undefined, expect.any(String)]);
});

test('the link below is the one named, a VLAN that we make, or one that leads nowhere', () => {
  const below = (parent: string | undefined, around: Around = {}) => {
    const record = plan({ Driver: 'macvlan', Options: parent === undefined ? {} : { parent } }, around);
    return [record.link, record.ownsLink, record.internal];
  };
  expect(below('eth9', { links: ['eth9'] })).toEqual(['eth9', false, false]);
  expect(below('eth9.10', { links: ['eth9'] })).toEqual(['eth9.10', true, false]);
  expect(below('eth9.10', { links: ['eth9', 'eth9.10'] })).toEqual(['eth9.10', false, false]);
  expect(below(undefined)).toEqual(['dm-abcdef012345', true, true]);
  const owner = fakeNetwork({ driver: 'macvlan', link: 'eth9.10', ownsLink: true, subnets: [] });
  expect(below('eth9.10', { links: ['eth9', 'eth9.10'], others: [owner] })).toEqual(['eth9.10', true, false]);
  expect(plan({ Driver: 'ipvlan' }).link).toBe('di-abcdef012345');
});

test.each([
  ['lo', {}, 'loopback interface is not a valid macvlan parent link'],
  ['eth8', {}, 'invalid subinterface vlan name eth8, example formatting is eth0.10'],
  ['eth9.1.2', {}, 'required interface name format is: name.vlan_id'],
  ['eth9.x', {}, 'unable to parse a valid vlan id from: x'],
  ['eth9.4095', {}, 'vlan id must be between 1-4094, received: 4095'],
  ['eth8.5', {}, '-o parent interface was not found on the host: eth8'],
  ['eth9', { mode: 'passthru' }, 'macvlan network o is already using parent interface eth9 in mode passthru'],
  ['eth9', { driver: 'ipvlan' }, 'network o is already using parent interface eth9'],
] as const)('the parent %s is refused beside %o', (parent, other, text) => {
  const others = [fakeNetwork({ id: 'o', driver: 'macvlan', mode: 'bridge', link: 'eth9', subnets: [], ...other })];
  const around = { links: ['eth9', 'lo'], others: Object.keys(other).length > 0 ? others : [] };
  expect(() => plan({ Driver: 'macvlan', Options: { parent } }, around)).toThrow(text);
});

test('a passthru macvlan is alone on its link, and two of other modes share it', () => {
  const others = [fakeNetwork({ id: 'o', driver: 'macvlan', mode: 'bridge', link: 'eth9', subnets: [] })];
  const around = { links: ['eth9'], others };
  expect(() => plan({ Driver: 'macvlan', Options: { parent: 'eth9', macvlan_mode: 'passthru' } }, around)).toThrow(
    'cannot use mode passthru, macvlan network o is already using parent interface eth9',
  );
  expect(plan({ Driver: 'macvlan', Options: { parent: 'eth9', macvlan_mode: 'vepa' } }, around).mode).toBe('vepa');
});

test('a bridge has the name given, unless another network or the host has it', () => {
  const named = option('bridge.name', 'mine0');
  expect(plan(named).link).toBe('mine0');
  expect(plan({}).link).toBe('br-abcdef012345');
  expect(() => plan(named, { links: ['mine0'] })).toThrow('bridge name mine0 is taken by a link of the host');
  expect(() => plan(named, { others: [fakeNetwork({ id: 'o', link: 'mine0', subnets: [] })] })).toThrow(
    'conflicts with network o (mine0): networks have same bridge name',
  );
});

test('a configuration gives addresses, options and labels to the networks that are made from it', () => {
  const given = {
    ...config({ Subnet: '10.3.0.0/24', IPRange: '10.3.0.0/25' }, { Subnet: 'fd00:3::/64' }),
    ...option('driver.mtu', '1400'),
    EnableIPv6: true,
    Labels: { l: '1' },
  };
  const configuration = { ...plan({ ...given, ConfigOnly: true, Driver: 'bridge' }), name: 'conf' };
  expect([configuration.driver, configuration.link, configuration.configOnly, configuration.mtu]).toEqual([
    'null',
    '',
    true,
    undefined,
  ]);
  expect(configuration.subnets.map(({ gateway }) => gateway)).toEqual([undefined, undefined]);
  const record = plan({ ConfigFrom: { Network: 'conf' } }, { others: [configuration] });
  expect([record.configFrom, record.enableIPv6, record.mtu, record.labels, record.options]).toEqual([
    'conf',
    true,
    1400,
    { l: '1' },
    given.Options,
  ]);
  expect(record.subnets).toEqual([
    {
      family: 4,
      subnet: '10.3.0.0/24',
      ipRange: '10.3.0.0/25',
      gateway: '10.3.0.1',
      gatewayUnnamed: true,
      aux: {},
      chosen: true,
    },
    { family: 6, subnet: 'fd00:3::/64', gateway: 'fd00:3::1', gatewayUnnamed: true, aux: {}, chosen: true },
  ]);
  expect(() => plan({ ConfigFrom: { Network: 'conf' } }, { others: [fakeNetwork({ name: 'conf' })] })).toThrow(
    'configuration network "conf" does not exist',
  );
});

test.each([
  [{ EnableIPv4: false }, 'IPv4 or IPv6 must be enabled'],
  [option('driver.mtu', '67'), 'failed to parse com.docker.network.driver.mtu value: 67'],
  [option('bridge.name', 'a/b'), 'value: a/b'],
  [option('bridge.name', 'x'.repeat(16)), 'invalid name of a link'],
  [option('bridge.enable_icc', 'maybe'), 'strconv.ParseBool: parsing "maybe": invalid syntax'],
  [option('bridge.gateway_mode_ipv4', 'other'), 'unknown gateway mode other'],
  [option('bridge.gateway_mode_ipv6', 'isolated'), "gateway mode 'isolated' can only be used for an internal network"],
  [option('bridge.host_binding_ipv4', 'x'), 'value: x'],
  [option('container_iface_prefix', 'abcdefghijklmnop'), 'invalid name of a link'],
  [option('bridge.trusted_host_interfaces', 'eth0:a b'), 'value: a b'],
  [{ Options: { 'com.example.other': '1' } }, 'network option com.example.other is not supported yet'],
  [{ Driver: 'macvlan', Options: { macvlan_mode: 'x' } }, "requested macvlan mode 'x' is not valid, 'bridge' mode is"],
  [{ Driver: 'ipvlan', Options: { ipvlan_mode: 'x' } }, "requested ipvlan mode 'x' is not valid, 'l2' mode is"],
  [{ Driver: 'ipvlan', Options: { ipvlan_flag: 'x' } }, "requested ipvlan flag 'x' is not valid, 'bridge' is"],
  [{ Driver: 'macvlan', Options: { ipvlan_flag: 'bridge' } }, 'network option ipvlan_flag is not supported yet'],
  [{ Driver: 'macvlan', ...option('bridge.name', 'a') }, 'network option com.docker.network.bridge.name'],
] as const)('%o is refused', (body, text) => {
  expect(() => plan(body)).toThrow(text);
});

test('options of a bridge are read', () => {
  const prefix = 'com.docker.network';
  const record = plan({
    Internal: true,
    EnableIPv6: true,
    Options: {
      [`${prefix}.bridge.name`]: 'mine0',
      [`${prefix}.driver.mtu`]: '1400',
      [`${prefix}.bridge.enable_icc`]: 'false',
      [`${prefix}.bridge.enable_ip_masquerade`]: '0',
      [`${prefix}.bridge.host_binding_ipv4`]: '127.0.0.1',
      [`${prefix}.bridge.inhibit_ipv4`]: '1',
      [`${prefix}.bridge.gateway_mode_ipv4`]: 'routed',
      [`${prefix}.bridge.gateway_mode_ipv6`]: 'nat-unprotected',
      [`${prefix}.bridge.trusted_host_interfaces`]: 'eth1:eth2',
      [`${prefix}.container_iface_prefix`]: 'net',
    },
  });
  expect(record).toMatchObject({
    link: 'mine0',
    mtu: 1400,
    icc: false,
    masquerade4: false,
    masquerade6: false,
    hostIp: '127.0.0.1',
    inhibitIPv4: true,
    gatewayMode4: 'routed',
    gatewayMode6: 'nat-unprotected',
    trustedHostInterfaces: ['eth1', 'eth2'],
    linkPrefix: 'net',
  });
});
