import { createHash } from 'node:crypto';
import { defaultPools, type Family, parseAddress, type Subnet } from './ipam.ts';

/** An entry of `default-address-pools`: the subnets of that length that a wider one is cut into. */
export interface AddressPools {
  readonly base: Subnet;
  /** Prefix length of each; at least that of `base`. */
  readonly size: number;
}

/**
 * Where subnets come from when nobody names one. Without `configured` Docker's list for IPv4; for IPv6 the /64 of a unique local /48 (RFC
 * 4193) that is made from the engine's id as Docker does, so that it stays the same and differs from other hosts'. A family that
 * `configured` does not name is as without it.
 */
export function createPools(
  engineId: string,
  configured: readonly AddressPools[] = [],
): (family: Family) => Iterable<Subnet> {
  return (family) => {
    const own = configured.filter(({ base }) => base.family === family);
    if (own.length > 0) return cut(own);
    return family === 4 ? defaultPools() : uniqueLocal(engineId);
  };
}

function* cut(pools: readonly AddressPools[]): Generator<Subnet> {
  for (const { base, size } of pools) {
    const { family, prefixLength } = base;
    const step = 1n << BigInt((family === 4 ? 32 : 128) - size);
    const count = 1n << BigInt(size - prefixLength);
    for (let i = 0n; i < count; i++) yield { family, base: base.base + i * step, prefixLength: size };
  }
}

function uniqueLocal(engineId: string): Iterable<Subnet> {
  const globalId = createHash('sha256').update(engineId).digest().readBigUInt64BE() & ((1n << 40n) - 1n);
  const base = (parseAddress('fd00::')?.value ?? 0n) | (globalId << 80n);
  return cut([{ base: { family: 6, base, prefixLength: 48 }, size: 64 }]);
}
