import { expect, test } from 'bun:test';
import { defaultPools, formatSubnet, lowestFree, macOf, overlaps, parseCidr } from './ipam.ts';
import { planPorts } from './port-plan.ts';

test('subnets are parsed, compared and filled from below', () => {
  const subnet = parseCidr('10.1.2.3/30');
  expect(subnet && formatSubnet(subnet)).toBe('10.1.2.0/30');
  expect(subnet && lowestFree({ subnet, range: subnet }, new Set(['10.1.2.1']))).toBe('10.1.2.2');
  expect(subnet && lowestFree({ subnet, range: subnet }, new Set(['10.1.2.1', '10.1.2.2']))).toBeUndefined();
  expect(
    ['10.1.2.3', '10.1.2.300/24', '10.0.0.0/33', '1.2.3.4/08', 'fd00::/129', 'fe80::1%a/64'].map(parseCidr),
  ).toEqual(Array.from({ length: 6 }, () => undefined));
  const [first, second] = defaultPools();
  expect(first && second && [formatSubnet(first), overlaps(first, second), overlaps(first, first)]).toEqual([
    '172.17.0.0/16',
    false,
    true,
  ]);
  expect(macOf('172.17.0.2')).toBe('02:42:ac:11:00:02');
});

test('port bindings become wishes', () => {
  expect(
    planPorts(
      { '80/tcp': [{ HostPort: '8080' }, { HostIp: '127.0.0.1', HostPort: '9000-9001' }], '53/udp': [{}] },
      [],
      false,
    ),
  ).toEqual([
    { containerPort: 80, protocol: 'tcp', hostIps: ['0.0.0.0', '::'], hostPorts: [8080] },
    { containerPort: 80, protocol: 'tcp', hostIps: ['127.0.0.1'], hostPorts: [9000, 9001] },
    { containerPort: 53, protocol: 'udp', hostIps: ['0.0.0.0', '::'], hostPorts: [0] },
  ]);
  expect(planPorts({}, ['80/tcp'], true)).toEqual([
    { containerPort: 80, protocol: 'tcp', hostIps: ['0.0.0.0', '::'], hostPorts: [0] },
  ]);
  expect(() => planPorts({ '0/tcp': [{}] }, [], false)).toThrow('invalid port');
  expect(() => planPorts({ '80/tcp': [{ HostPort: '9-1' }] }, [], false)).toThrow('invalid host port');
  expect(planPorts({ '80/sctp': [{}] }, [], false)).toMatchObject([{ containerPort: 80, protocol: 'sctp' }]);
});

test.each([
  ['0.0.0.0', '0.0.0.0'],
  ['::', '::'],
  ['0:0::0', '::'],
  ['2001:DB8:0:0::1', '2001:db8::1'],
  ['::ffff:10.1.2.255', '10.1.2.255'],
])('the host address %s is bound alone, as %s', (HostIp, canonical) => {
  expect(planPorts({ '80/tcp': [{ HostIp }] }, [], false)[0]?.hostIps).toEqual([canonical]);
});

test.each(['300.0.0.1', '1.2.3', ':::', 'fe80::1%eth0', 'localhost', '[::1]'])(
  'the host address %s is refused',
  (HostIp) => {
    expect(() => planPorts({ '80/tcp': [{ HostIp }] }, [], false)).toThrow(`invalid IP address: ${HostIp}`);
  },
);

test.each([
  ['FD00:0:0:0:0:0:0:1/64', 'fd00::1', 'fd00::/64'],
  ['2001:db8:0:1:0:0:0:9/127', '2001:db8:0:1::9', '2001:db8:0:1::8/127'],
  ['1:0:0:2:0:0:0:3/128', '1:0:0:2::3', '1:0:0:2::3/128'],
  ['::ffff:1.2.3.4/96', '::ffff:102:304', '::ffff:0:0/96'],
  ['1:0:2:3:4:5:6:7/16', '1:0:2:3:4:5:6:7', '1::/16'],
  ['::/0', '::', '::/0'],
])('%s is the address %s of %s', (text, ip, subnet) => {
  const parsed = parseCidr(text);
  expect([parsed?.ip, parsed && formatSubnet(parsed)]).toEqual([ip, subnet]);
});

test.each([
  ['10.0.0.0/29', ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6']],
  ['10.0.0.8/31', ['10.0.0.8', '10.0.0.9']],
  ['10.0.0.8/32', ['10.0.0.8']],
  ['fd00::/126', ['fd00::1', 'fd00::2', 'fd00::3']],
  ['fd00::2/127', ['fd00::2', 'fd00::3']],
])('%s has room for %p', (text, expected) => {
  const subnet = parseCidr(text);
  const given: string[] = [];
  for (let ip = subnet && lowestFree({ subnet, range: subnet }, new Set()); ip !== undefined; ) {
    given.push(ip);
    ip = subnet && lowestFree({ subnet, range: subnet }, new Set(given));
  }
  expect(given).toEqual(expected);
});
