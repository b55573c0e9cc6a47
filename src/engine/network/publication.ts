import type { EndpointRecord, SandboxRecord } from '../../store/record/network-records.ts';
import { chooseGateways, type RecordLookup } from './gateways.ts';
import type { Family } from './ipam.ts';
import type { Publication, PublishTarget } from './publish-entries.ts';

/** Where the published ports of a container lead: by the bridges that its default routes go through. Pure. */
export function publicationOf(record: SandboxRecord, networkOf: RecordLookup): Publication {
  const { containerName, forwards, endpoints } = record;
  const { ipv4, ipv6 } = chooseGateways(endpoints, networkOf);
  return {
    containerName,
    forwards,
    ipv4: ipv4 && targetOf(ipv4, 4, networkOf),
    ipv6: ipv6 && targetOf(ipv6, 6, networkOf),
  };
}

function targetOf(
  { wired, networkId, endpointId }: EndpointRecord,
  family: Family,
  networkOf: RecordLookup,
): PublishTarget | undefined {
  const network = networkOf(networkId);
  const ip = family === 4 ? wired?.ip : wired?.ip6;
  // macvlan and ipvlan are on the network of others: nothing is published there.
  if (!network || ip === undefined || network.driver !== 'bridge') return undefined;
  return { endpointId, ip, gatewayMode: family === 4 ? network.gatewayMode4 : network.gatewayMode6 };
}

/** True when ports of the one are reached as those of the other. */
export function isSameTarget(a: Publication, b: Publication): boolean {
  return a.ipv4?.endpointId === b.ipv4?.endpointId && a.ipv6?.endpointId === b.ipv6?.endpointId;
}
