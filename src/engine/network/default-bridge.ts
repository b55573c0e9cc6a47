import { KnownError } from '../../lib/errors.ts';
import type { NetworkNamespaces } from '../../linux/netns/network-namespaces.ts';
import type { NetworkRecord, NetworkRecords } from '../../store/record/network-records.ts';
import { defaultPools, formatSubnet, lowestFree, overlaps, parseCidr, type Subnet } from './ipam.ts';

interface DefaultBridgeDeps {
  readonly records: NetworkRecords;
  readonly namespaces: NetworkNamespaces;
  readonly bridge: string;
  /** `--bip` */
  readonly bridgeAddress?: string;
}

/** The network `bridge`: made by the daemon, kept in no row of its own. Errors: invalid_parameter for a bad --bip, system when no pool is free. */
export function planDefaultBridge(deps: DefaultBridgeDeps, id: string, created: string): NetworkRecord {
  const subnet = chooseSubnet(deps);
  return {
    id,
    name: 'bridge',
    created,
    driver: 'bridge',
    link: deps.bridge,
    ownsLink: true,
    subnets: [
      {
        family: 4,
        subnet: formatSubnet(subnet),
        gateway: parseCidr(deps.bridgeAddress ?? '')?.ip ?? lowestFree({ subnet, range: subnet }, new Set()) ?? '',
        aux: {},
        chosen: false,
      },
    ],
    enableIPv4: true,
    enableIPv6: false,
    internal: false,
    attachable: false,
    icc: true,
    masquerade4: true,
    masquerade6: true,
    gatewayMode4: 'nat',
    gatewayMode6: 'nat',
    trustedHostInterfaces: [],
    inhibitIPv4: false,
    configOnly: false,
    options: {
      'com.docker.network.bridge.default_bridge': 'true',
      'com.docker.network.bridge.enable_icc': 'true',
      'com.docker.network.bridge.enable_ip_masquerade': 'true',
      'com.docker.network.bridge.host_binding_ipv4': '0.0.0.0',
      'com.docker.network.bridge.name': deps.bridge,
      'com.docker.network.driver.mtu': '1500',
    },
    ipamOptions: null,
    labels: {},
  };
}

/** Networks that the host has routes to, and by which link. */
export function hostSubnets(
  namespaces: NetworkNamespaces,
): readonly { readonly link: string; readonly subnet: Subnet }[] {
  return namespaces.routes().flatMap(({ link, ip, prefixLength }) => {
    const subnet = parseCidr(`${ip}/${prefixLength}`);
    return subnet ? [{ link, subnet }] : [];
  });
}

/** Kept while containers have addresses of it, or nobody else uses it: between two daemons another may have taken it. */
function chooseSubnet({ records, namespaces, bridge, bridgeAddress }: DefaultBridgeDeps): Subnet {
  const wanted = bridgeAddress === undefined ? undefined : parseCidr(bridgeAddress);
  if (bridgeAddress !== undefined && !wanted)
    throw new KnownError('invalid_parameter', `invalid bridge address (--bip): ${bridgeAddress}`);
  if (wanted) return wanted;
  const routes = hostSubnets(namespaces);
  const own = routes.find(({ link, subnet }) => link === bridge && subnet.family === 4)?.subnet;
  if (own) return own;
  const ofNetworks = records
    .networks()
    .flatMap(({ subnets }) => subnets.flatMap(({ subnet }) => parseCidr(subnet) ?? []));
  const used = [...routes.map(({ subnet }) => subnet), ...ofNetworks];
  const isFree = (pool: Subnet): boolean => !used.some((other) => overlaps(pool, other));
  const kept = parseCidr(records.fact('subnet') ?? '');
  const inUse = records
    .list()
    .some(({ endpoints }) => endpoints.some(({ network, wired }) => network === 'bridge' && wired !== undefined));
  const chosen = kept && (inUse || isFree(kept)) ? kept : defaultPools().find(isFree);
  if (!chosen) throw new KnownError('system', 'all default address pools are in use; choose one with --bip');
  records.keepFact('subnet', formatSubnet(chosen));
  return chosen;
}
