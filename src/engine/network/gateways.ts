import type { DefaultRoute } from '../../linux/netns/network-namespaces.ts';
import type { EndpointRecord, NetworkRecord } from '../../store/record/network-records.ts';
import type { Family } from './ipam.ts';
import { routerOf, subnetOf } from './subnets.ts';

export type RecordLookup = (networkId: string) => NetworkRecord | undefined;

/** The endpoints that the default routes of a container go by; undefined: there is none of that family. */
export interface Gateways {
  readonly ipv4: EndpointRecord | undefined;
  readonly ipv6: EndpointRecord | undefined;
}

/** For each family the endpoint with the highest priority, then the first name, that leads anywhere. Pure. */
export function chooseGateways(endpoints: readonly EndpointRecord[], networkOf: RecordLookup): Gateways {
  const priority = ({ settings }: EndpointRecord): number => settings.GwPriority ?? 0;
  const inOrder = endpoints.toSorted((a, b) => priority(b) - priority(a) || (a.network < b.network ? -1 : 1));
  const first = (family: Family): EndpointRecord | undefined =>
    inOrder.find((endpoint) => routeThrough(endpoint, family, networkOf) !== undefined);
  return { ipv4: first(4), ipv6: first(6) };
}

/** The default route that an endpoint has to offer. Pure. */
export function routeThrough(
  { wired, networkId }: EndpointRecord,
  family: Family,
  networkOf: RecordLookup,
): DefaultRoute | undefined {
  const network = networkOf(networkId);
  const ip = family === 4 ? wired?.ip : wired?.ip6;
  if (!network || network.internal || !wired || ip === undefined) return undefined;
  // In these modes the kernel of the host is the router, and asks nobody who has an address.
  if (network.driver === 'ipvlan' && network.mode !== 'l2') return { link: wired.link };
  const via = routerOf(network, subnetOf(network, ip));
  return via === undefined ? undefined : { via };
}
