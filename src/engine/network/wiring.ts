import type { DefaultRoutes, NetworkNamespaces } from '../../linux/netns/network-namespaces.ts';
import type { EndpointRecord, SandboxRecord } from '../../store/record/network-records.ts';
import { chooseGateways, type Gateways, type RecordLookup, routeThrough } from './gateways.ts';
import { toWire } from './to-wire.ts';

/** Endpoints as links in the kernel. */
export interface Wiring {
  /** Makes the link of an endpoint, with the default routes that go by it. */
  join(record: SandboxRecord, endpoint: EndpointRecord, gateways: Gateways): void;
  /** Fine when it is gone. */
  leave(record: SandboxRecord, endpoint: EndpointRecord): void;
  /** The default routes go where they belong by now. */
  route(record: SandboxRecord): void;
  /** False when the link is missing of an endpoint that has one. */
  isThere(record: SandboxRecord, endpoint: EndpointRecord): boolean;
}

export function createWiring(namespaces: NetworkNamespaces, networkOf: RecordLookup): Wiring {
  const routesBy = (gateways: Gateways, only?: EndpointRecord): DefaultRoutes => ({
    ipv4: gateways.ipv4 && (!only || gateways.ipv4 === only) ? routeThrough(gateways.ipv4, 4, networkOf) : undefined,
    ipv6: gateways.ipv6 && (!only || gateways.ipv6 === only) ? routeThrough(gateways.ipv6, 6, networkOf) : undefined,
  });
  return {
    join({ netnsPath }, endpoint, gateways) {
      const network = networkOf(endpoint.networkId);
      if (!netnsPath || !endpoint.wired || !network) return;
      namespaces.connect(netnsPath, toWire(network, endpoint.wired, routesBy(gateways, endpoint)));
    },
    leave({ netnsPath }, { wired }) {
      if (!wired) return;
      if (wired.hostLink !== undefined) namespaces.removeLink(wired.hostLink);
      else if (netnsPath) namespaces.removeInside(netnsPath, wired.link);
    },
    route({ netnsPath, endpoints }) {
      if (netnsPath) namespaces.setRoutes(netnsPath, routesBy(chooseGateways(endpoints, networkOf)));
    },
    isThere({ netnsPath }, { wired }) {
      if (!wired || !netnsPath) return true;
      return wired.hostLink === undefined
        ? namespaces.hasInside(netnsPath, wired.link)
        : namespaces.hasLink(wired.hostLink);
    },
  };
}
