import type { IPAMConfig } from '../../api/types/network.ts';
import type { NetworkDriver, SubnetRecord } from '../../store/record/network-records.ts';
import { badNetwork, poolOverlaps, poolsUsedUp, severalSubnets } from './errors.ts';
import {
  canonicalAddress,
  type Family,
  formatSubnet,
  isHostAddress,
  lowestFree,
  overlaps,
  parseCidr,
  type Subnet,
} from './ipam.ts';

export interface SubnetRequest {
  readonly driver: NetworkDriver;
  /** As {@link checkIpam} lets them pass. */
  readonly configs: readonly IPAMConfig[];
  /** Enabled ones; subnets of others are left out. */
  readonly families: readonly Family[];
  /** Families whose subnets get a gateway only when one is named. */
  readonly withoutGateway: readonly Family[];
}

/** Subnets of our networks, and of the host's routes. */
export interface TakenSubnets {
  readonly ours: readonly Subnet[];
  readonly host: readonly Subnet[];
}

/** Tried in order where a request names no subnet. */
export type Pools = (family: Family) => Iterable<Subnet>;

/** What a new network's addresses will be. Errors: invalid_parameter in Docker's words, forbidden for an overlap. */
export function planSubnets(request: SubnetRequest, taken: TakenSubnets, pools: Pools): readonly SubnetRecord[] {
  const ours = [...taken.ours];
  return request.families.flatMap((family) => {
    const hasGateway = !request.withoutGateway.includes(family);
    const configs = request.configs.filter(({ Subnet = '' }) => parseCidr(Subnet)?.family === family);
    if (configs.length > 1 && request.driver === 'bridge') throw severalSubnets();
    if (configs.length === 0) return [fromPools(family, [...ours, ...taken.host], pools, hasGateway)];
    return configs.map((config) => {
      const subnet = subnetOf(config);
      if (ours.some((other) => overlaps(other, subnet))) throw poolOverlaps();
      ours.push(subnet);
      return toRecord(config, subnet, hasGateway);
    });
  });
}

/** The subnets that a configuration says, with nothing chosen by us. */
export function keepSubnets(configs: readonly IPAMConfig[]): readonly SubnetRecord[] {
  return configs.map((config) => toRecord(config, subnetOf(config), false));
}

function fromPools(family: Family, taken: readonly Subnet[], pools: Pools, hasGateway: boolean): SubnetRecord {
  for (const subnet of pools(family))
    if (!taken.some((other) => overlaps(other, subnet))) {
      const gateway = hasGateway ? lowestFree({ subnet, range: subnet }, new Set()) : undefined;
      return {
        family,
        subnet: formatSubnet(subnet),
        ...(gateway !== undefined && { gateway }),
        aux: {},
        chosen: false,
      };
    }
  throw poolsUsedUp();
}

function subnetOf({ Subnet: text = '' }: IPAMConfig): Subnet {
  const parsed = parseCidr(text);
  if (!parsed) throw badNetwork(`invalid subnet ${text}: invalid CIDR block notation`);
  return parsed;
}

function toRecord(config: IPAMConfig, subnet: Subnet, hasGateway: boolean): SubnetRecord {
  const range = config.IPRange ? parseCidr(config.IPRange) : undefined;
  const aux = Object.fromEntries(
    Object.entries(config.AuxiliaryAddresses ?? {}).map(([name, ip]) => [name, canonicalAddress(ip)]),
  );
  if (config.Gateway && !isHostAddress(subnet, config.Gateway))
    throw badNetwork(`invalid gateway ${config.Gateway}: it is the network's or the broadcast address`);
  const pool = { subnet, range: range ?? subnet };
  const found = hasGateway ? lowestFree(pool, new Set(Object.values(aux))) : undefined;
  const gateway = config.Gateway ? canonicalAddress(config.Gateway) : found;
  if (hasGateway && gateway === undefined)
    throw badNetwork(`no address of ${formatSubnet(pool.range)} is free for the gateway`);
  return {
    family: subnet.family,
    subnet: formatSubnet(subnet),
    ...(gateway !== undefined && { gateway }),
    ...(found !== undefined && !config.Gateway && { gatewayUnnamed: true }),
    ...(range && { ipRange: formatSubnet(range) }),
    aux,
    chosen: true,
  };
}
