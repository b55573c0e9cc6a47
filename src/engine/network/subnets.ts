import type { NetworkRecord, SubnetRecord } from '../../store/record/network-records.ts';
import { containsAddress, type Family, parseCidr } from './ipam.ts';

/** The subnet of a network that an address is of. */
export function subnetOf({ subnets }: NetworkRecord, ip: string): SubnetRecord | undefined {
  return subnets.find(({ subnet }) => {
    const parsed = parseCidr(subnet);
    return parsed !== undefined && containsAddress(parsed, ip);
  });
}

/** The first subnet of a family. */
export function firstSubnet({ subnets }: NetworkRecord, family: Family): SubnetRecord | undefined {
  return subnets.find((subnet) => subnet.family === family);
}

/** By whom traffic leaves the subnet; undefined: by nobody. */
export function routerOf(network: NetworkRecord | undefined, subnet: SubnetRecord | undefined): string | undefined {
  return network?.internal === false ? (subnet?.router ?? subnet?.gateway) : undefined;
}

export function prefixLengthOf(subnet: Pick<SubnetRecord, 'subnet'> | undefined): number {
  return subnet === undefined ? 0 : Number(subnet.subnet.split('/')[1]);
}
