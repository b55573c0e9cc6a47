import { createHash } from 'node:crypto';
import { defaultPools, type Family, parseAddress, type Subnet } from './ipam.ts';

/**
 * Where subnets come from when nobody names one: Docker's list for IPv4; for IPv6 the /64 of a unique local /48 (RFC 4193) that is made from
 * the engine's id as Docker does, so that it stays the same and differs from other hosts'.
 */
export function createPools(engineId: string): (family: Family) => Iterable<Subnet> {
  return (family) => (family === 4 ? defaultPools() : uniqueLocal(engineId));
}

function* uniqueLocal(engineId: string): Generator<Subnet> {
  const globalId = createHash('sha256').update(engineId).digest().readBigUInt64BE() & ((1n << 40n) - 1n);
  const base = (parseAddress('fd00::')?.value ?? 0n) | (globalId << 80n);
  for (let subnet = 0n; subnet < 65_536n; subnet++) yield { family: 6, base: base | (subnet << 64n), prefixLength: 64 };
}
