import { expect, test } from 'bun:test';
import { formatKind } from './kinds.ts';
import { addressInfo, defaultRouteInfo, ipBytes } from './message.ts';

test.each([
  ['10.1.2.255', '0a0102ff'],
  ['fd00::1', 'fd000000000000000000000000000001'],
  ['::', '00000000000000000000000000000000'],
  ['1:2:3:4:5:6:7:abcd', '0001000200030004000500060007abcd'],
])('%s is the bytes %s', (ip, hex) => {
  expect(ipBytes(ip).toString('hex')).toBe(hex);
});

/** Lengths and types of struct rtattr, little-endian, with the numbers of linux/if_link.h. */
test.each([
  [{ kind: 'macvlan', mode: 'bridge' }, `0c000100${Buffer.from('macvlan\0').toString('hex')}0c000200 0800010004000000`],
  [
    { kind: 'ipvlan', mode: 'l3s', flag: 'vepa' },
    `0b000100${Buffer.from('ipvlan\0\0').toString('hex')}14000200 0600010002000000 0600020002000000`,
  ],
  [
    { kind: 'ipvlan', mode: 'l2', flag: 'bridge' },
    `0b000100${Buffer.from('ipvlan\0\0').toString('hex')}14000200 0600010000000000 0600020000000000`,
  ],
  [{ kind: 'vlan', id: 4094 }, `09000100${Buffer.from('vlan\0\0\0\0').toString('hex')}0c000200 06000100fe0f0000`],
  [{ kind: 'dummy' }, `0a000100${Buffer.from('dummy\0\0\0').toString('hex')}`],
] as const)('the kind %o is told to the kernel in its numbers', (kind, hex) => {
  expect(formatKind(kind).toString('hex')).toBe(hex.replaceAll(' ', ''));
});

test('IPv6 addresses are used without asking the neighbours, and a route is removed whatever its scope', () => {
  expect(addressInfo(6, 64, 3).toString('hex')).toBe('0a40020003000000');
  expect(addressInfo(4, 24, 3).toString('hex')).toBe('0218000003000000');
  expect(defaultRouteInfo(4, 'link').toString('hex')).toBe('02000000fe03fd0100000000');
  expect(defaultRouteInfo(6, 'any').toString('hex')).toBe('0a000000fe00ff0100000000');
});
