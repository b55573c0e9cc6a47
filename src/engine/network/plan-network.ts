import type { IPAMConfig } from '../../api/types/network.ts';
import { KnownError } from '../../lib/errors.ts';
import type { NetworkDriver, NetworkRecord, SubnetRecord } from '../../store/record/network-records.ts';
import type { WantedNetwork } from './create-request.ts';
import { type DriverSettings, parseDriverOptions } from './driver-options.ts';
import {
  bridgeNameTaken,
  noConfigNetwork,
  noFamily,
  parentInUse,
  passthruInUse,
  passthruTaken,
  poolOverlaps,
} from './errors.ts';
import { type Family, overlaps, parseCidr, type Subnet } from './ipam.ts';
import { keepSubnets, type Pools, planSubnets } from './plan-subnets.ts';
import { parseVlanParent } from './vlan-parent.ts';

/** What a plan has to know of the machine and of the other networks. */
export interface NetworkPlace {
  readonly id: string;
  readonly created: string;
  /** Of all networks, the default bridge included. */
  readonly others: readonly NetworkRecord[];
  readonly hasLink: (link: string) => boolean;
  readonly hostSubnets: readonly Subnet[];
  /** Pools that others of the machine have just taken. */
  readonly avoided: readonly Subnet[];
  readonly pools: Pools;
}

/** The record of a new network. Pure but for the links it asks for. Errors: invalid_parameter, forbidden, conflict, not_found, system, in Docker's words. */
export function planNetwork(given: WantedNetwork, place: NetworkPlace): NetworkRecord {
  const wanted = given.configFrom === '' ? given : withConfiguration(given, place.others);
  const { name, driver, options, labels, ipamOptions, internal, attachable, configOnly } = wanted;
  const enableIPv4 = wanted.enableIPv4 ?? true;
  const enableIPv6 = wanted.enableIPv6 ?? false;
  const common = {
    id: place.id,
    name,
    created: place.created,
    enableIPv4,
    enableIPv6,
    attachable,
    options,
    labels,
    ipamOptions,
    configOnly,
    ...(given.configFrom !== '' && { configFrom: given.configFrom }),
  };
  if (driver === 'null') {
    const { link: _none, ...settings } = parseDriverOptions('bridge', {}, false);
    const subnets = keepSubnets(wanted.configs.filter(({ Subnet = '' }) => enableIPv6 || !Subnet.includes(':')));
    return { ...common, ...settings, driver, link: '', ownsLink: false, subnets, internal };
  }
  if (!enableIPv4 && !enableIPv6) throw noFamily();
  const { link: named, ...settings } = parseDriverOptions(driver, options, internal);
  const families: readonly Family[] = [...(enableIPv4 ? [4 as const] : []), ...(enableIPv6 ? [6 as const] : [])];
  const subnets = planSubnets(
    { driver, configs: wanted.configs, families, withoutGateway: withoutGateway(driver, settings) },
    { ours: place.others.flatMap(subnetsOf), host: [...place.hostSubnets, ...place.avoided] },
    place.pools,
  );
  const isInternal = internal || (driver !== 'bridge' && named === undefined);
  const below =
    driver === 'bridge'
      ? { link: planBridge(named, place), ownsLink: true }
      : planParent(driver, named, settings.mode ?? '', place);
  // One out of the pools that somebody else takes at this moment is given up for the next one by `create`.
  if (driver === 'bridge') refuseForeignBridge(subnets, place.hostSubnets);
  return {
    ...common,
    ...settings,
    driver,
    ...below,
    subnets,
    internal: isInternal,
    ...(isInternal !== internal && { shownInternal: internal }),
  };
}

/** Subnets that a network gives addresses of; a configuration's are those of whoever uses it. */
export function subnetsOf({ subnets, configOnly }: NetworkRecord): readonly Subnet[] {
  return configOnly ? [] : subnets.flatMap(({ subnet }) => parseCidr(subnet) ?? []);
}

function withConfiguration(wanted: WantedNetwork, others: readonly NetworkRecord[]): WantedNetwork {
  const config = others.find(({ name, configOnly }) => configOnly && name === wanted.configFrom);
  if (!config) throw noConfigNetwork(wanted.configFrom);
  const { enableIPv4, enableIPv6, options, labels, ipamOptions, subnets } = config;
  return { ...wanted, enableIPv4, enableIPv6, options, labels, ipamOptions, configs: subnets.map(toConfig) };
}

function toConfig({ subnet, ipRange, gateway, aux }: SubnetRecord): IPAMConfig {
  return {
    Subnet: subnet,
    ...(ipRange !== undefined && { IPRange: ipRange }),
    ...(gateway !== undefined && { Gateway: gateway }),
    AuxiliaryAddresses: aux,
  };
}

/** macvlan and ipvlan are on the network of somebody else, who says who its router is; an isolated bridge has nobody at its end. */
function withoutGateway(driver: NetworkDriver, settings: Omit<DriverSettings, 'link'>): readonly Family[] {
  if (driver !== 'bridge') return [4, 6];
  const { gatewayMode4, gatewayMode6 } = settings;
  return [...(gatewayMode4 === 'isolated' ? [4 as const] : []), ...(gatewayMode6 === 'isolated' ? [6 as const] : [])];
}

function planBridge(named: string | undefined, { id, others, hasLink }: NetworkPlace): string {
  const link = named ?? `br-${id.slice(0, 12)}`;
  const owner = others.find((record) => record.link === link);
  if (owner) throw bridgeNameTaken(id, link, owner.id);
  if (hasLink(link)) throw new KnownError('conflict', `bridge name ${link} is taken by a link of the host`);
  return link;
}

/** A link of the host, a VLAN of one that is made, or without a name one that leads nowhere. */
function planParent(
  driver: 'macvlan' | 'ipvlan',
  named: string | undefined,
  mode: string,
  { id, others, hasLink }: NetworkPlace,
): { readonly link: string; readonly ownsLink: boolean } {
  if (named === undefined) return { link: `${driver === 'macvlan' ? 'dm' : 'di'}-${id.slice(0, 12)}`, ownsLink: true };
  const sharing = others.filter((record) => record.link === named && record.driver !== 'bridge');
  for (const other of sharing) {
    if (driver !== other.driver || driver === 'ipvlan') throw parentInUse(other.id, named);
    if (mode === 'passthru') throw passthruTaken(other.id, named);
    if (other.mode === 'passthru') throw passthruInUse(other.id, named);
  }
  if (hasLink(named)) return { link: named, ownsLink: sharing.some(({ ownsLink }) => ownsLink) };
  parseVlanParent(named, hasLink);
  return { link: named, ownsLink: true };
}

/** A chosen subnet may be within a wider route of the host's, but not be a network that another link has. */
function refuseForeignBridge(subnets: readonly SubnetRecord[], hostSubnets: readonly Subnet[]): void {
  for (const { subnet: text, chosen } of subnets) {
    const subnet = parseCidr(text);
    const clash = hostSubnets.some(
      (route) => subnet && overlaps(route, subnet) && route.prefixLength >= subnet.prefixLength,
    );
    if (chosen && clash) throw poolOverlaps();
  }
}
