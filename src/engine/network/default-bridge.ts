import { KnownError } from '../../lib/errors.ts';
import type { NetworkNamespaces } from '../../linux/netns/network-namespaces.ts';
import type { NetworkRecord, NetworkRecords, SubnetRecord } from '../../store/record/network-records.ts';
import {
  canonicalAddress,
  containsSubnet,
  type Family,
  formatSubnet,
  isHostAddress,
  lowestFree,
  overlaps,
  parseCidr,
  type Subnet,
} from './ipam.ts';
import type { Pools } from './plan-subnets.ts';

/** What the daemon's flags say of the network `bridge`; each is named as the flag. */
export interface DefaultBridgeSettings {
  /** Addresses of the bridge with their prefix lengths. */
  readonly bip?: string;
  readonly bip6?: string;
  /** Where addresses are given from; without `bip` the whole subnet. */
  readonly fixedCidr?: string;
  readonly fixedCidr6?: string;
  /** Where the default routes of containers go; undefined: to the bridge. */
  readonly router?: string;
  readonly router6?: string;
  readonly ipv6?: boolean;
  /** Containers of the bridge reach each other; undefined: they do. */
  readonly icc?: boolean;
  /** Bytes; undefined: the kernel's own. */
  readonly mtu?: number;
  /** Published ports without a host address are bound here; undefined: everywhere. */
  readonly ip?: string;
}

export interface DefaultBridgeDeps {
  readonly records: NetworkRecords;
  readonly namespaces: NetworkNamespaces;
  readonly bridge: string;
  readonly defaultBridge?: DefaultBridgeSettings;
}

/** The network `bridge`: made by the daemon, kept in no row of its own. Errors: invalid_parameter for a bad setting, system when no pool is free. */
export function planDefaultBridge(deps: DefaultBridgeDeps, pools: Pools, id: string, created: string): NetworkRecord {
  const { bridge, defaultBridge = {} } = deps;
  const { ipv6 = false, icc = true, mtu, ip } = defaultBridge;
  const hostIp = ip === '0.0.0.0' ? undefined : ip;
  return {
    id,
    name: 'bridge',
    created,
    driver: 'bridge',
    link: bridge,
    ownsLink: true,
    subnets: [planIPv4(deps, pools), ...(ipv6 ? [planIPv6(deps, pools)] : [])],
    enableIPv4: true,
    enableIPv6: ipv6,
    internal: false,
    attachable: false,
    icc,
    masquerade4: true,
    masquerade6: true,
    gatewayMode4: 'nat',
    gatewayMode6: 'nat',
    trustedHostInterfaces: [],
    inhibitIPv4: false,
    ...(mtu !== undefined && { mtu }),
    ...(hostIp !== undefined && { hostIp }),
    configOnly: false,
    options: {
      'com.docker.network.bridge.default_bridge': 'true',
      'com.docker.network.bridge.enable_icc': `${icc}`,
      'com.docker.network.bridge.enable_ip_masquerade': 'true',
      'com.docker.network.bridge.host_binding_ipv4': ip ?? '0.0.0.0',
      'com.docker.network.bridge.name': bridge,
      'com.docker.network.driver.mtu': `${mtu ?? 1500}`,
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

function planIPv4(deps: DefaultBridgeDeps, pools: Pools): SubnetRecord {
  const { bip, fixedCidr, router } = deps.defaultBridge ?? {};
  const address = parseSetting('--bip', bip, 4);
  const range = parseSetting('--fixed-cidr', fixedCidr, 4);
  const subnet = toSubnet(address ?? range ?? keptSubnet(deps, pools), address?.ip, address && range, '--fixed-cidr');
  return withRouter(subnet, router);
}

function planIPv6(deps: DefaultBridgeDeps, pools: Pools): SubnetRecord {
  const { bip6, fixedCidr6, router6 } = deps.defaultBridge ?? {};
  const address = parseSetting('--bip6', bip6, 6);
  const range = parseSetting('--fixed-cidr-v6', fixedCidr6, 6);
  const subnet = toSubnet(
    address ?? range ?? freePool(deps, pools, 6),
    address?.ip,
    address && range,
    '--fixed-cidr-v6',
  );
  return withRouter(subnet, router6);
}

function toSubnet(subnet: Subnet, address: string | undefined, range: Subnet | undefined, flag: string): SubnetRecord {
  if (range && !containsSubnet(subnet, range))
    throw new KnownError('invalid_parameter', `${flag} ${formatSubnet(range)} is not within ${formatSubnet(subnet)}`);
  const gateway = address ?? lowestFree({ subnet, range: subnet }, new Set());
  return {
    family: subnet.family,
    subnet: formatSubnet(subnet),
    ...(gateway !== undefined && { gateway }),
    ...(range && { ipRange: formatSubnet(range) }),
    aux: {},
    chosen: false,
  };
}

/** As Docker has it, an auxiliary address that no container gets. */
function withRouter(record: SubnetRecord, text: string | undefined): SubnetRecord {
  if (text === undefined) return record;
  const subnet = parseCidr(record.subnet);
  if (!subnet || !isHostAddress(subnet, text))
    throw new KnownError('invalid_parameter', `default gateway ip must be part of the network: ${text}`);
  const router = canonicalAddress(text);
  return { ...record, router, aux: { [`DefaultGatewayIPv${record.family}`]: router } };
}

function parseSetting(flag: string, text: string | undefined, family: Family): ReturnType<typeof parseCidr> {
  if (text === undefined) return undefined;
  const parsed = parseCidr(text);
  if (parsed?.family === family) return parsed;
  const what = flag === '--bip' || flag === '--bip6' ? 'bridge address' : 'subnet';
  throw new KnownError('invalid_parameter', `invalid ${what} (${flag}): ${text}`);
}

/** Kept while containers have addresses of it, or nobody else uses it: between two daemons another may have taken it. */
function keptSubnet(deps: DefaultBridgeDeps, pools: Pools): Subnet {
  const { records, bridge, namespaces } = deps;
  const own = hostSubnets(namespaces).find(({ link, subnet }) => link === bridge && subnet.family === 4)?.subnet;
  if (own) return own;
  const kept = parseCidr(records.fact('subnet') ?? '');
  const inUse = records
    .list()
    .some(({ endpoints }) => endpoints.some(({ network, wired }) => network === 'bridge' && wired !== undefined));
  const chosen = kept && (inUse || isFree(deps, kept)) ? kept : freePool(deps, pools, 4);
  records.keepFact('subnet', formatSubnet(chosen));
  return chosen;
}

function freePool(deps: DefaultBridgeDeps, pools: Pools, family: Family): Subnet {
  for (const pool of pools(family)) if (isFree(deps, pool)) return pool;
  throw new KnownError('system', 'all default address pools are in use; choose one with --bip');
}

/** Of no network of ours, and of no link but the bridge itself. */
function isFree({ records, namespaces, bridge }: DefaultBridgeDeps, pool: Subnet): boolean {
  const ofHost = hostSubnets(namespaces).filter(({ link }) => link !== bridge);
  const ofNetworks = records
    .networks()
    .flatMap(({ subnets }) => subnets.flatMap(({ subnet }) => parseCidr(subnet) ?? []));
  return ![...ofHost.map(({ subnet }) => subnet), ...ofNetworks].some((other) => overlaps(pool, other));
}
