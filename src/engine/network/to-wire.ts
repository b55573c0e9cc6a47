import type { DefaultRoutes, LinkAddress, Wire, WireEnd } from '../../linux/netns/network-namespaces.ts';
import type { NetworkRecord, WireRecord } from '../../store/record/network-records.ts';
import { familyOf } from './ipam.ts';
import { prefixLengthOf, subnetOf } from './subnets.ts';

/** As Docker's masks of `--link-local-ip`. */
const LINK_LOCAL_BITS = { 4: 16, 6: 64 } as const;

/** What the mechanism makes of an endpoint; `routes`: those that go by it. Pure. */
export function toWire(network: NetworkRecord, wired: WireRecord, routes: DefaultRoutes): Wire {
  return {
    end: toEnd(network, wired),
    linkName: wired.link,
    mac: wired.mac,
    addresses: addressesOf(network, wired),
    routes,
    mtu: network.mtu,
    ipv6: addressesOf(network, wired).some(({ ip }) => familyOf(ip) === 6),
    sysctls: wired.sysctls ?? {},
  };
}

function toEnd({ driver, link, mode = '', flag = '', icc }: NetworkRecord, { hostLink = '' }: WireRecord): WireEnd {
  switch (driver) {
    case 'macvlan':
      return { kind: driver, parent: link, mode };
    case 'ipvlan':
      return { kind: driver, parent: link, mode, flag };
    case 'bridge':
    case 'null':
      return { kind: 'bridge', bridge: link, hostName: hostLink, isolated: !icc };
  }
}

function addressesOf(network: NetworkRecord, { ip, ip6, linkLocalIps = [] }: WireRecord): readonly LinkAddress[] {
  const own = [ip, ip6].flatMap((address) =>
    address === undefined ? [] : [{ ip: address, prefixLength: prefixLengthOf(subnetOf(network, address)) }],
  );
  return [...own, ...linkLocalIps.map((local) => ({ ip: local, prefixLength: LINK_LOCAL_BITS[familyOf(local) ?? 4] }))];
}
