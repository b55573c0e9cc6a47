import { isIPv4, isIPv6 } from 'node:net';

export type Family = 4 | 6;

/** Arithmetic of addresses of both families; pure. */
export interface Subnet {
  readonly family: Family;
  readonly base: bigint;
  readonly prefixLength: number;
}

/** What addresses are given from: `range` is the subnet itself when nobody narrowed it. */
export interface AddressPool {
  readonly subnet: Subnet;
  readonly range: Subnet;
}

interface Address {
  readonly family: Family;
  readonly value: bigint;
}

/** `a.b.c.d/n` or `x:y::z/n`; the address may be any of the subnet, `ip` is it in canonical form. undefined: malformed. */
export function parseCidr(text: string): (Subnet & { readonly ip: string }) | undefined {
  const [, ip = '', bits = ''] = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(text) ?? [];
  const address = parseAddress(ip);
  const prefixLength = Number(bits);
  if (!address || prefixLength > bitsOf(address.family) || String(prefixLength) !== bits) return undefined;
  const { family, value } = address;
  const size = 1n << BigInt(bitsOf(family) - prefixLength);
  return { family, ip: formatAddress(address), prefixLength, base: value - (value % size) };
}

/** An address without a zone; undefined: malformed. */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return { family: 4, value: text.split('.').reduce((all, part) => all * 256n + BigInt(part), 0n) };
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const [head = '', tail] = text.split('::');
  const [first, last] = [groupsOf(head), groupsOf(tail ?? '')];
  const gap = tail === undefined ? [] : Array.from({ length: 8 - first.length - last.length }, () => 0);
  return { family: 6, value: [...first, ...gap, ...last].reduce((all, group) => all * 65_536n + BigInt(group), 0n) };
}

/** The last group may be an IPv4 address, which is two. */
function groupsOf(text: string): readonly number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}

/** IPv6 as RFC 5952 has it: the first longest run of zeros, of two or more, is `::`. */
function formatAddress({ family, value }: Address): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => (value >> BigInt(112 - 16 * i)) & 65_535n);
  const text = (some: readonly bigint[]): string => some.map((group) => group.toString(16)).join(':');
  let [start, length] = [0, 0];
  for (let i = 0; i < groups.length; i++) {
    let end = i;
    while (groups[end] === 0n) end++;
    if (end - i > length) [start, length] = [i, end - i];
  }
  return length < 2 ? text(groups) : `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`;
}

export function familyOf(ip: string): Family | undefined {
  return parseAddress(ip)?.family;
}

/** In canonical form; what is no address stays as it is. */
export function canonicalAddress(ip: string): string {
  const address = parseAddress(ip);
  return address ? formatAddress(address) : ip;
}

export function formatSubnet({ family, base, prefixLength }: Subnet): string {
  return `${formatAddress({ family, value: base })}/${prefixLength}`;
}

export function overlaps(a: Subnet, b: Subnet): boolean {
  return a.family === b.family && a.base < b.base + sizeOf(b) && b.base < a.base + sizeOf(a);
}

export function containsSubnet(outer: Subnet, inner: Subnet): boolean {
  return (
    inner.family === outer.family &&
    inner.base >= outer.base &&
    inner.base + sizeOf(inner) <= outer.base + sizeOf(outer)
  );
}

export function containsAddress(subnet: Subnet, ip: string): boolean {
  const address = parseAddress(ip);
  return (
    address?.family === subnet.family && address.value >= subnet.base && address.value < subnet.base + sizeOf(subnet)
  );
}

/**
 * True for an address a machine of the subnet can have: in IPv4 neither the network's nor the broadcast's, in IPv6 not that of any router
 * (RFC 4291, 2.6.1). Where there is no room for these (RFC 3021, RFC 6164, single addresses), every one.
 */
export function isHostAddress(subnet: Subnet, ip: string): boolean {
  const address = parseAddress(ip);
  if (!address || !containsAddress(subnet, ip)) return false;
  const [first, last] = hostsOf(subnet);
  return address.value >= first && address.value <= last;
}

/** The lowest address of the range that a machine can have and that is not in `taken` (in canonical form); undefined when there is none. */
export function lowestFree({ subnet, range }: AddressPool, taken: ReadonlySet<string>): string | undefined {
  const [lowest, highest] = hostsOf(subnet);
  const first = range.base > lowest ? range.base : lowest;
  const rangeEnd = range.base + sizeOf(range) - 1n;
  const last = rangeEnd < highest ? rangeEnd : highest;
  for (let value = first; value <= last; value++) {
    const ip = formatAddress({ family: subnet.family, value });
    if (!taken.has(ip)) return ip;
  }
  return undefined;
}

/** Docker's default pools in its order: 172.17.0.0/16 to 172.31, then 192.168.x.0/20. */
export function defaultPools(): readonly Subnet[] {
  const cidrs = [
    ...Array.from({ length: 15 }, (_, i) => `172.${17 + i}.0.0/16`),
    ...Array.from({ length: 16 }, (_, i) => `192.168.${i * 16}.0/20`),
  ];
  return cidrs.flatMap((cidr) => parseCidr(cidr) ?? []);
}

/** The MAC that Docker derives from an IPv4 address. */
export function macOf(ip: string): string {
  return ['02', '42', ...ip.split('.').map((part) => Number(part).toString(16).padStart(2, '0'))].join(':');
}

/** Four bytes, or sixteen. */
export function ipBytesOf(ip: string): Uint8Array {
  const { family, value } = parseAddress(ip) ?? { family: 4, value: 0n };
  const bytes = bitsOf(family) / 8;
  return Uint8Array.from({ length: bytes }, (_, i) => Number((value >> BigInt(8 * (bytes - 1 - i))) & 255n));
}

function hostsOf(subnet: Subnet): readonly [bigint, bigint] {
  const end = subnet.base + sizeOf(subnet) - 1n;
  const free = bitsOf(subnet.family) - subnet.prefixLength;
  if (free < 2) return [subnet.base, end];
  return [subnet.base + 1n, subnet.family === 4 ? end - 1n : end];
}

function sizeOf({ family, prefixLength }: Subnet): bigint {
  return 1n << BigInt(bitsOf(family) - prefixLength);
}

function bitsOf(family: Family): number {
  return family === 4 ? 32 : 128;
}
