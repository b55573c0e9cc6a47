/** IPv4 arithmetic of a subnet; pure. */
export interface Subnet {
  readonly base: number;
  readonly prefixLength: number;
}

/** `a.b.c.d/n`; the address may be any of the subnet. undefined: malformed. */
export function parseCidr(text: string): (Subnet & { readonly ip: string }) | undefined {
  const [, ip, bits] = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(text) ?? [];
  if (ip === undefined || bits === undefined || Number(bits) > 30 || ip.split('.').some((part) => Number(part) > 255))
    return undefined;
  const prefixLength = Number(bits);
  return { ip, prefixLength, base: toNumber(ip) - (toNumber(ip) % 2 ** (32 - prefixLength)) };
}

export function formatSubnet({ base, prefixLength }: Subnet): string {
  return `${toText(base)}/${prefixLength}`;
}

export function overlaps(a: Subnet, b: Subnet): boolean {
  const size = (subnet: Subnet): number => 2 ** (32 - subnet.prefixLength);
  return a.base < b.base + size(b) && b.base < a.base + size(a);
}

/** The lowest address that is neither the network's, the broadcast's, nor in `taken`; undefined when there is none. */
export function lowestFree({ base, prefixLength }: Subnet, taken: ReadonlySet<string>): string | undefined {
  for (let number = base + 1; number < base + 2 ** (32 - prefixLength) - 1; number++) {
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

function toNumber(ip: string): number {
  return ip.split('.').reduce((all, part) => all * 256 + Number(part), 0);
}

function toText(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}
