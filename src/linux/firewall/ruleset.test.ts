import { expect, test } from 'bun:test';
import type { FirewallBridge, PortForward } from './firewall.ts';
import { parseChains } from './foreign-chains.ts';
import { foreignBridges, formatChain, planPlace } from './host-forwarding.ts';
import { formatTable } from './ruleset.ts';
import { elementsOf, formatElement } from './ruleset-elements.ts';

const bridge: FirewallBridge = {
  link: 'br-a',
  subnet: '10.1.0.0/24',
  subnet6: 'fd00:1::/64',
  masquerade4: true,
  masquerade6: true,
  icc: true,
  internal: false,
  gatewayMode4: 'nat',
  gatewayMode6: 'nat',
  trustedHostInterfaces: [],
  directRouting: false,
};
const forward: PortForward = {
  protocol: 'tcp',
  hostIp: '0.0.0.0',
  hostPort: 8080,
  containerIp: '10.1.0.2',
  containerPort: 80,
};
/** Rules of one chain. */
const chainOf = (text: string, name: string): readonly string[] => {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`chain ${name} {`));
  return start < 0 ? [] : lines.slice(start + 1, lines.indexOf('}', start));
};
const table = (change: Partial<FirewallBridge>, forwards: readonly PortForward[] = []): string =>
  formatTable('t', { bridges: [{ ...bridge, ...change }], forwards });

test('an internal bridge is never masqueraded, is cut off both ways and needs no guard', () => {
  const text = table({ internal: true });
  expect(text).not.toContain('masquerade');
  expect(chainOf(text, 'from_br-a')).toEqual(['oifname != "br-a" drop']);
  expect(chainOf(text, 'into_br-a')).toEqual([
    'iifname != "br-a" drop',
    'ct state established,related accept',
    'iifname "br-a" accept',
    'drop',
  ]);
  expect(text).not.toContain('guard4_br-a');
});

test.each([
  ['nat', ['meta nfproto ipv4 ct status dnat accept'], true],
  [
    'nat-unprotected',
    ['meta nfproto ipv4 ct status dnat accept', 'meta nfproto ipv4 iifname != { "br-a" } accept'],
    false,
  ],
  ['routed', ['meta l4proto icmp accept', 'ip daddr . meta l4proto . th dport @open4 accept'], false],
  ['isolated', [], false],
] as const)('gateway mode %s lets in %o', (gatewayMode4, entries, guarded) => {
  const text = table({ gatewayMode4, subnet6: undefined });
  expect(chainOf(text, 'into_br-a')).toEqual([
    'ct state established,related accept',
    'iifname "br-a" accept',
    ...entries,
    'drop',
  ]);
  expect(text.includes('10.1.0.0/24 : goto guard4_br-a')).toBe(guarded);
  expect(text.includes('ip saddr 10.1.0.0/24 oifname != "br-a" masquerade')).toBe(gatewayMode4.startsWith('nat'));
});

test('with direct routing published ports, and no others, are reached by their own addresses from every link', () => {
  const text = table({ directRouting: true, subnet6: undefined });
  expect(text).not.toContain('guard4_br-a');
  expect(chainOf(text, 'into_br-a')).toEqual([
    'ct state established,related accept',
    'iifname "br-a" accept',
    'meta nfproto ipv4 ct status dnat accept',
    'ip daddr . meta l4proto . th dport @open4 accept',
    'drop',
  ]);
});

test('trusted links pass the guard, to published ports', () => {
  const text = table({ trustedHostInterfaces: ['eth3', 'vxlan.1'] });
  expect(chainOf(text, 'guard4_br-a')[0]).toBe('iifname { "lo", "br-a", "eth3", "vxlan.1" } return');
  expect(chainOf(text, 'into_br-a')).toContain(
    'iifname { "eth3", "vxlan.1" } ip daddr . meta l4proto . th dport @open4 accept',
  );
});

test('what leaves has the address asked for, or none of the host', () => {
  expect(table({ source4: '192.0.2.7' })).toContain('ip saddr 10.1.0.0/24 oifname != "br-a" snat ip to 192.0.2.7');
  expect(chainOf(table({ masquerade6: false }), 'postrouting')).not.toContain(
    'ip6 saddr fd00:1::/64 oifname != "br-a" masquerade',
  );
});

test.each([
  [{}, ['tcp_any4 { 8080 : 10.1.0.2 . 80 }', 'open4 { 10.1.0.2 . tcp . 80 }']],
  [{ hostIp: '127.0.0.1' }, ['tcp_one4 { 127.0.0.1 . 8080 : 10.1.0.2 . 80 }', 'open4 { 10.1.0.2 . tcp . 80 }']],
  [
    { hostIp: '::', containerIp: 'fd00:1::2' },
    ['tcp_any6 { 8080 : fd00:1::2 . 80 }', 'open6 { fd00:1::2 . tcp . 80 }'],
  ],
  [{ hostIp: '::1', containerIp: 'fd00:1::2' }, ['open6 { fd00:1::2 . tcp . 80 }']],
  [{ hostIp: '::' }, []],
  [{ hostPort: 0 }, ['open4 { 10.1.0.2 . tcp . 80 }']],
  [{ byHost: true }, []],
  [{ protocol: 'sctp' }, ['sctp_any4 { 8080 : 10.1.0.2 . 80 }', 'open4 { 10.1.0.2 . sctp . 80 }']],
] as const)('a forward with %o is %o to the kernel', (change, elements) => {
  expect(elementsOf([{ ...forward, ...change }]).map(formatElement)).toEqual([...elements]);
});

test("a container's port stays open as long as one forward leads to it", () => {
  const other = { ...forward, hostPort: 8081 };
  expect(elementsOf([forward], [other]).map(formatElement)).toEqual(['tcp_any4 { 8080 : 10.1.0.2 . 80 }']);
});

test('the kernel takes the whole table, twice', () => {
  const bridges = (['nat', 'nat-unprotected', 'routed', 'isolated'] as const).map((mode, i) => ({
    ...bridge,
    link: `br${i}.x`,
    subnet: `10.${i}.0.0/24`,
    subnet6: `fd00:${i}::/64`,
    gatewayMode4: mode,
    gatewayMode6: mode,
    icc: i > 0,
    trustedHostInterfaces: ['eth0'],
    source4: '192.0.2.1',
    source6: '2001:db8::1',
  }));
  const protocols = (['tcp', 'udp', 'sctp'] as const).flatMap((protocol) => [
    { ...forward, protocol },
    { ...forward, protocol, hostIp: '::1', containerIp: 'fd00::2' },
    { ...forward, protocol, hostIp: '2001:db8::1', containerIp: 'fd00::2' },
  ]);
  const state = { bridges: [...bridges, { ...bridge, internal: true }], forwards: protocols };
  const script = `${formatTable('t', state)}${formatTable('t', { bridges: [], forwards: [] })}${formatTable('t', state)}`;
  const { exitCode, stderr } = Bun.spawnSync(['unshare', '--net', 'nft', '-f', '-'], { stdin: Buffer.from(script) });
  expect([exitCode, stderr.toString()]).toEqual([0, '']);
});

test('chains of others at the hooks of input and forward are told from ours', () => {
  const text = [
    'table ip filter { # handle 3',
    '\tchain FORWARD {',
    '\t\ttype filter hook forward priority filter; policy drop;',
    '\t}',
    '\tchain DOCKER {',
    '\t}',
    '}',
    'table inet t {',
    '\tchain forward {',
    '\t\ttype filter hook forward priority filter - 1; policy accept;',
    '\t}',
    '}',
    'table inet filter {',
    '\tchain input {',
    '\t\ttype filter hook input priority filter; policy accept;',
    '\t}',
    '}',
  ].join('\n');
  expect(parseChains(text, 't')).toEqual([
    { family: 'ip', table: 'filter', name: 'FORWARD', hook: 'forward', policy: 'drop', handle: '3' },
    { family: 'inet', table: 'filter', name: 'input', hook: 'input', policy: 'accept', handle: '' },
  ]);
});

test.each([
  ['-P FORWARD ACCEPT\n', { needed: false, place: 0 }],
  ['-P FORWARD DROP\n-A FORWARD -j DOCKER-USER\n', { needed: true, place: 0 }],
  ['-P FORWARD ACCEPT\n-A FORWARD -i x -j ACCEPT\n-A FORWARD -j REJECT --reject-with x\n', { needed: true, place: 2 }],
  [
    '-P FORWARD DROP\n-A FORWARD -j SKIFF-b\n-A FORWARD -j ufw-after\n-A FORWARD -j ufw-reject-forward\n',
    { needed: true, place: 2 },
  ],
] as const)('in the FORWARD chain %j our rules are %o', (listing, expected) => {
  expect(planPlace(listing, 'SKIFF-b')).toEqual({ ...expected });
});

test("rules beside another engine's leave its bridges to it", () => {
  const others = foreignBridges(
    '-A FORWARD -o docker0 -j DOCKER\n-A DOCKER-BRIDGE -o br-1 -j DOCKER\n-A X -o eth0 -j Y\n-A X -o b -j DOCKER\n',
    ['b'],
  );
  expect(others).toEqual(['docker0', 'br-1']);
  expect(formatChain('SKIFF-b', ['b'], ['docker0'], 0).split('\n')).toEqual([
    '*filter',
    ':SKIFF-b - [0:0]',
    '-A SKIFF-b -o b -j ACCEPT',
    '-A SKIFF-b -o docker0 -j RETURN',
    '-A SKIFF-b -i b -j ACCEPT',
    '-A FORWARD -j SKIFF-b',
    'COMMIT',
    '',
  ]);
});
