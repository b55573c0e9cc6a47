import type { IPAMConfig } from '../../api/types/network.ts';
import { badNetwork, poolOverlaps, poolsUsedUp, unsupported } from './errors.ts';
import {
  containsAddress,
  containsSubnet,
  familyOf,
  formatSubnet,
  isHostAddress,
  lowestFree,
  overlaps,
  parseCidr,
  type Subnet,
} from './ipam.ts';

export interface SubnetPlan {
  /** `a.b.c.d/n` */
  readonly subnet: string;
  readonly gateway: string;
  /** Addresses are given from here alone; absent: from the whole subnet. */
  readonly ipRange?: string;
  /** Names of addresses that are never given out. */
  readonly aux: Readonly<Record<string, string>>;
  /** The user chose the subnet: only then may containers ask for an address. */
  readonly chosen: boolean;
}

/**
 * What a new network's addresses will be. `taken`: subnets of our networks, and of the host's routes; `pools`: tried in order when the
 * request names no subnet. Errors: invalid_parameter in Docker's words, forbidden for an overlap, not_implemented for IPv6 and for several subnets.
 */
export function planSubnet(
  configs: readonly IPAMConfig[],
  taken: { readonly ours: readonly Subnet[]; readonly host: readonly Subnet[] },
  pools: readonly Subnet[],
): SubnetPlan {
  const given = configs.filter((config) => Object.values(config).some(Boolean));
  for (const { Subnet: subnet = '' } of given)
    if (subnet.includes(':')) throw unsupported(`an IPv6 subnet (${subnet})`);
  if (given.length > 1) throw badNetwork("bridge driver doesn't support multiple subnets");
  const config = given[0];
  if (!config) return fromPools([...taken.ours, ...taken.host], pools);
  const subnet = parseSubnet(config);
  if (taken.ours.some((other) => overlaps(other, subnet))) throw poolOverlaps();
  return { ...parts(config, subnet), subnet: formatSubnet(subnet), chosen: true };
}

function fromPools(taken: readonly Subnet[], pools: readonly Subnet[]): SubnetPlan {
  const subnet = pools.find((pool) => !taken.some((other) => overlaps(other, pool)));
  if (!subnet) throw poolsUsedUp();
  const gateway = lowestFree({ subnet, range: subnet }, new Set()) ?? '';
  return { subnet: formatSubnet(subnet), gateway, aux: {}, chosen: false };
}

function parseSubnet({ Subnet: text = '' }: IPAMConfig): Subnet {
  const parsed = parseCidr(text);
  if (!parsed) throw badNetwork(`invalid subnet ${text}: invalid CIDR block notation`);
  if (text !== formatSubnet(parsed)) throw badNetwork(`invalid subnet ${text}: it should be ${formatSubnet(parsed)}`);
  return parsed;
}

function parts(config: IPAMConfig, subnet: Subnet): Pick<SubnetPlan, 'gateway' | 'ipRange' | 'aux'> {
  const range = config.IPRange ? parseRange(config.IPRange, subnet) : subnet;
  const aux = config.AuxiliaryAddresses ?? {};
  for (const ip of Object.values(aux)) checkAddress('auxiliary address', ip, subnet);
  if (config.Gateway) checkAddress('gateway', config.Gateway, subnet);
  if (config.Gateway && !isHostAddress(subnet, config.Gateway))
    throw badNetwork(`invalid gateway ${config.Gateway}: it is the network's or the broadcast address`);
  const gateway = config.Gateway || lowestFree({ subnet, range }, new Set(Object.values(aux)));
  if (!gateway) throw badNetwork(`no address of ${formatSubnet(range)} is free for the gateway`);
  return { gateway, aux, ...(config.IPRange && { ipRange: formatSubnet(range) }) };
}

function parseRange(text: string, subnet: Subnet): Subnet {
  const range = parseCidr(text);
  if (!range) throw badNetwork(`invalid ip-range ${text}: invalid CIDR block notation`);
  if (formatSubnet(range) !== text) throw badNetwork(`invalid ip-range ${text}: it should be ${formatSubnet(range)}`);
  if (!containsSubnet(subnet, range))
    throw badNetwork(`invalid ip-range ${text}: parent subnet ${formatSubnet(subnet)} doesn't contain ip-range`);
  return range;
}

function checkAddress(what: string, ip: string, subnet: Subnet): void {
  if (familyOf(ip) === undefined) throw badNetwork(`invalid ${what} ${ip}: invalid address`);
  if (!containsAddress(subnet, ip))
    throw badNetwork(`invalid ${what} ${ip}: parent subnet ${formatSubnet(subnet)} doesn't contain this address`);
}
