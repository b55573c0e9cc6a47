/** IPv4 arithmetic of a subnet; pure. */
export interface Subnet {
  readonly base: number;
  readonly prefixLength: number;
}

/** What addresses are given from: `range` is the subnet itself when nobody narrowed it. */
export interface AddressPool {
  readonly subnet: Subnet;
  readonly range: Subnet;
}

/** `a.b.c.d/n`, n from 0 to `longest`; the address may be any of the subnet. undefined: malformed. */
export function parseCidr(text: string, longest = 30): (Subnet & { readonly ip: string }) | undefined {
  const [, ip, bits] = /^(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})\/(\d{1,2})$/.exec(text) ?? [];
  if (ip === undefined || bits === undefined || Number(bits) > longest || !isAddress(ip)) return undefined;
  const prefixLength = Number(bits);
  return { ip, prefixLength, base: toNumber(ip) - (toNumber(ip) % 2 ** (32 - prefixLength)) };
}

/** Four decimal numbers below 256. */
export function isAddress(text: string): boolean {
  return /^(?:\d{1,3}\.){3}\d{1,3}$/.test(text) && text.split('.').every((part) => Number(part) < 256);
}

export function formatSubnet({ base, prefixLength }: Subnet): string {
  return `${toText(base)}/${prefixLength}`;
}

export function overlaps(a: Subnet, b: Subnet): boolean {
  return a.base < b.base + sizeOf(b) && b.base < a.base + sizeOf(a);
}

export function containsSubnet(outer: Subnet, inner: Subnet): boolean {
  return inner.base >= outer.base && inner.base + sizeOf(inner) <= outer.base + sizeOf(outer);
}

export function containsAddress({ base, prefixLength }: Subnet, ip: string): boolean {
  const number = toNumber(ip);
  return number >= base && number < base + 2 ** (32 - prefixLength);
}

/** True for an address a machine of the subnet can have: neither the network's nor the broadcast's. */
export function isHostAddress(subnet: Subnet, ip: string): boolean {
  const number = toNumber(ip);
  return containsAddress(subnet, ip) && number !== subnet.base && number !== subnet.base + sizeOf(subnet) - 1;
}

/** The lowest address of the range that is neither the network's, the broadcast's, nor in `taken`; undefined when there is none. */
export function lowestFree({ subnet, range }: AddressPool, taken: ReadonlySet<string>): string | undefined {
  const first = Math.max(range.base, subnet.base + 1);
  const end = Math.min(range.base + sizeOf(range), subnet.base + sizeOf(subnet) - 1);
  for (let number = first; number < end; number++) {
    const ip = toText(number);
    if (!taken.has(ip)) return ip;
  }
  return undefined;
}

/** Docker's default pools in its order: 172.17.0.0/16 to 172.31, then 192.168.x.0/20. */
export function defaultPools(): readonly Subnet[] {
  const sixteens = Array.from({ length: 15 }, (_, i) => ({ base: toNumber(`172.${17 + i}.0.0`), prefixLength: 16 }));
  const twenties = Array.from({ length: 16 }, (_, i) => ({ base: toNumber(`192.168.${i * 16}.0`), prefixLength: 20 }));
  return [...sixteens, ...twenties];
}

/** The MAC that Docker derives from an address. */
export function macOf(ip: string): string {
  return ['02', '42', ...ip.split('.').map((part) => Number(part).toString(16).padStart(2, '0'))].join(':');
}

export function gatewayOf({ base }: Subnet): string {
  return toText(base + 1);
}

/** The four bytes of an address. */
export function ipBytesOf(ip: string): Uint8Array {
  return Uint8Array.from(ip.split('.').map(Number));
}

function sizeOf({ prefixLength }: Subnet): number {
  return 2 ** (32 - prefixLength);
}

function toNumber(ip: string): number {
  return ip.split('.').reduce((all, part) => all * 256 + Number(part), 0);
}

function toText(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}
