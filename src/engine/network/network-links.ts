import type { NetworkNamespaces } from '../../linux/netns/network-namespaces.ts';
import type { NetworkRecord } from '../../store/record/network-records.ts';
import { badVlan, noSuchKind } from './errors.ts';
import { prefixLengthOf } from './subnets.ts';
import { parseVlanParent } from './vlan-parent.ts';

/** Makes what a network is in the kernel, or what of it is missing. Errors: system. */
export function ensureNetworkLink(namespaces: NetworkNamespaces, record: NetworkRecord, builtin: boolean): void {
  switch (record.driver) {
    case 'null':
      return;
    case 'bridge':
      return ensureBridge(namespaces, record, builtin);
    case 'macvlan':
    case 'ipvlan':
      return ensureParent(namespaces, record.driver, record);
  }
}

/** Takes it away again; `isShared`: another network of ours is on the same link. Fine when it is gone. */
export function removeNetworkLink(namespaces: NetworkNamespaces, record: NetworkRecord, isShared: boolean): void {
  if (record.ownsLink && !isShared) namespaces.removeLink(record.link);
}

/** As {@link removeNetworkLink}, while everything else goes on. */
export async function removeNetworkLinkAside(
  namespaces: NetworkNamespaces,
  record: NetworkRecord,
  isShared: boolean,
): Promise<void> {
  if (record.ownsLink && !isShared) await namespaces.removeLinkAside(record.link);
}

function ensureBridge(namespaces: NetworkNamespaces, record: NetworkRecord, builtin: boolean): void {
  const { link, mtu, subnets, inhibitIPv4, enableIPv4, enableIPv6, gatewayMode6, internal } = record;
  const addresses = subnets.flatMap((subnet) =>
    subnet.gateway === undefined || (subnet.family === 4 && inhibitIPv4)
      ? []
      : [{ ip: subnet.gateway, prefixLength: prefixLengthOf(subnet) }],
  );
  const hasIPv6 = enableIPv6 && gatewayMode6 !== 'isolated';
  namespaces.ensureBridge(link, addresses, { mtu, ipv6: hasIPv6 ? 'on' : builtin ? 'keep' : 'off' });
  // Published ports are reached by 127.0.0.1 too.
  if (enableIPv4) namespaces.setSysctl(`net/ipv4/conf/${link}/route_localnet`, '1');
  if (!hasIPv6 || internal) return;
  for (const links of ['default', 'all']) namespaces.setSysctl(`net/ipv6/conf/${links}/forwarding`, '1');
}

function ensureParent(
  namespaces: NetworkNamespaces,
  driver: 'macvlan' | 'ipvlan',
  { link, ownsLink }: NetworkRecord,
): void {
  if (!namespaces.supports(driver)) throw noSuchKind(driver);
  if (namespaces.hasLink(link)) return;
  if (!ownsLink) throw badVlan(`-o parent interface was not found on the host: ${link}`);
  const isVlan = link.includes('.');
  if (isVlan && !namespaces.supports('vlan')) throw noSuchKind('vlan');
  namespaces.ensureParent(link, isVlan ? parseVlanParent(link, (name) => namespaces.hasLink(name)) : undefined);
}
