import type { EndpointSettings } from '../../api/types/network.ts';
import { KnownError } from '../../lib/errors.ts';
import type { EndpointRecord, NetworkRecord, SubnetRecord, WireRecord } from '../../store/record/network-records.ts';
import { toLinkSysctls } from './endpoint-options.ts';
import { addressInUse, linkNameInUse, noFreeAddress, notInSubnets } from './errors.ts';
import {
  type AddressPool,
  canonicalAddress,
  containsAddress,
  type Family,
  isHostAddress,
  lowestFree,
  macOf,
  parseCidr,
} from './ipam.ts';

/** What a new endpoint is to have, past what it asks for. */
export interface EndpointContext {
  /** Addresses of the network's endpoints, canonical. */
  readonly taken: ReadonlySet<string>;
  /** Other endpoints of the container. */
  readonly before: readonly EndpointRecord[];
  /** Name of the end on the host, for a bridge. */
  readonly hostLink: string;
  /** The container has switched IPv6 off. */
  readonly withoutIPv6: boolean;
  /** Six octets, for a link without an IPv4 address. */
  readonly randomMac: string;
}

/** Addresses, MAC and link of a new endpoint. Errors: forbidden, system, invalid_parameter with Docker's texts. */
export function planWire(network: NetworkRecord, settings: EndpointSettings, context: EndpointContext): WireRecord {
  const { taken, before, hostLink, withoutIPv6, randomMac } = context;
  const { IPAMConfig, MacAddress, DriverOpts } = settings;
  const ip = network.enableIPv4 ? planAddress(network, 4, IPAMConfig?.IPv4Address, taken) : undefined;
  const ip6 = network.enableIPv6 && !withoutIPv6 ? planAddress(network, 6, IPAMConfig?.IPv6Address, taken) : undefined;
  const link = planLinkName(DriverOpts?.['com.docker.network.endpoint.ifname'], network.linkPrefix ?? 'eth', before);
  const sysctls = toLinkSysctls(DriverOpts ?? {}, link);
  const linkLocalIps = IPAMConfig?.LinkLocalIPs ?? [];
  return {
    ...(ip !== undefined && { ip }),
    ...(ip6 !== undefined && { ip6 }),
    ...(linkLocalIps.length > 0 && { linkLocalIps: linkLocalIps.map(canonicalAddress) }),
    mac: network.driver === 'ipvlan' ? '' : planMac(MacAddress, ip, randomMac),
    ...(network.driver === 'bridge' && { hostLink }),
    link,
    ...(Object.keys(sysctls).length > 0 && { sysctls }),
  };
}

/** The lowest free one of the first subnet that has any, or the one asked for. */
function planAddress(
  network: NetworkRecord,
  family: Family,
  asked: string | undefined,
  taken: ReadonlySet<string>,
): string {
  const subnets = network.subnets.filter((subnet) => subnet.family === family);
  if (asked) return checkAsked(canonicalAddress(asked), subnets, taken);
  for (const subnet of subnets) {
    const reserved = new Set([...taken, subnet.gateway ?? '', ...Object.values(subnet.aux)]);
    const ip = lowestFree(poolOf(subnet), reserved);
    if (ip !== undefined) return ip;
  }
  throw noFreeAddress(family, network);
}

function checkAsked(asked: string, subnets: readonly SubnetRecord[], taken: ReadonlySet<string>): string {
  const subnet = subnets.find((one) => containsAddress(poolOf(one).subnet, asked));
  if (!subnet || !isHostAddress(poolOf(subnet).subnet, asked)) throw notInSubnets(asked);
  if (taken.has(asked) || asked === subnet.gateway) throw addressInUse();
  return asked;
}

/** Errors: data_loss for a record that is none. */
function poolOf({ subnet, ipRange }: SubnetRecord): AddressPool {
  const whole = parseCidr(subnet);
  const range = ipRange === undefined ? whole : parseCidr(ipRange);
  if (!whole || !range) throw new KnownError('data_loss', `recorded subnet ${subnet} is malformed`);
  return { subnet: whole, range };
}

function planMac(asked: string | undefined, ip: string | undefined, randomMac: string): string {
  if (asked) return asked.toLowerCase().replaceAll('-', ':');
  return ip === undefined ? randomMac : macOf(ip);
}

/** The one asked for; else the first number that no endpoint has, behind the network's prefix. */
function planLinkName(asked: string | undefined, prefix: string, before: readonly EndpointRecord[]): string {
  const names = new Set(before.map(({ wired }) => wired?.link));
  if (asked !== undefined && names.has(asked)) throw linkNameInUse(asked);
  if (asked !== undefined) return asked;
  let number = 0;
  while (names.has(`${prefix}${number}`)) number++;
  return `${prefix}${number}`;
}
