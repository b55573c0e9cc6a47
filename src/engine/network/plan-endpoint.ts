import { isIPv4 } from 'node:net';
import type { EndpointSettings } from '../../api/types/network.ts';
import { KnownError } from '../../lib/errors.ts';
import type { EndpointRecord, NetworkRecord, SubnetRecord } from '../../store/record/network-records.ts';
import { addressInUse, badEndpoint, noFreeAddress, unsupported } from './errors.ts';
import { type AddressPool, formatSubnet, isHostAddress, lowestFree, macOf, parseCidr } from './ipam.ts';
import { firstSubnet } from './subnets.ts';

/** Errors: data_loss for a record that is none. */
function poolOf({ subnet, ipRange }: SubnetRecord): AddressPool {
  const whole = parseCidr(subnet);
  const range = ipRange === undefined ? whole : parseCidr(ipRange);
  if (!whole || !range) throw new KnownError('data_loss', `recorded subnet ${subnet} is malformed`);
  return { subnet: whole, range };
}

/** Address and MAC of a new endpoint; `taken`: addresses of the network's endpoints. Errors: forbidden, system with Docker's texts. */
export function planAddress(
  network: NetworkRecord,
  settings: EndpointSettings,
  taken: ReadonlySet<string>,
): { readonly ip: string; readonly mac: string } {
  const subnet = firstSubnet(network, 4);
  if (!subnet) throw noFreeAddress(network.name, '');
  const pool = poolOf(subnet);
  const reserved = new Set([...taken, subnet.gateway ?? '', ...Object.values(subnet.aux)]);
  const asked = settings.IPAMConfig?.IPv4Address;
  if (asked && !isHostAddress(pool.subnet, asked))
    throw badEndpoint(`no configured subnet contains IP address ${asked}`);
  if (asked && (taken.has(asked) || asked === subnet.gateway)) throw addressInUse();
  const ip = asked || lowestFree(pool, reserved);
  if (!ip) throw noFreeAddress(network.name, formatSubnet(pool.subnet));
  return { ip, mac: settings.MacAddress ? settings.MacAddress.toLowerCase().replaceAll('-', ':') : macOf(ip) };
}

/** What a request may say of an endpoint on a network. Errors: invalid_parameter, not_implemented. */
export function checkEndpoint(settings: EndpointSettings, on: 'default' | 'pooled' | 'chosen'): void {
  const { IPAMConfig, Aliases, Links, DriverOpts, MacAddress, GwPriority } = settings;
  if (IPAMConfig?.IPv4Address && !isIPv4(IPAMConfig.IPv4Address))
    throw badEndpoint(`invalid IPv4 address: ${IPAMConfig.IPv4Address}`);
  if (IPAMConfig?.IPv4Address && on === 'default')
    throw badEndpoint('user specified IP address is supported on user defined networks only');
  if (IPAMConfig?.IPv4Address && on === 'pooled')
    throw badEndpoint(
      'user specified IP address is supported only when connecting to networks with user configured subnets',
    );
  if (IPAMConfig?.IPv6Address) throw unsupported('a static IPv6 address');
  if (IPAMConfig?.LinkLocalIPs?.length) throw unsupported('a link-local address');
  if (Aliases?.length && on === 'default')
    throw badEndpoint('network-scoped aliases are only supported for user-defined networks');
  if (Links?.length) throw unsupported('--link');
  if (DriverOpts && Object.keys(DriverOpts).length > 0)
    throw unsupported(`endpoint option ${Object.keys(DriverOpts)[0]}`);
  if (MacAddress && !isMac(MacAddress)) throw badEndpoint(`invalid MAC address: ${MacAddress}`);
  if (GwPriority !== undefined && GwPriority !== null && !Number.isSafeInteger(GwPriority))
    throw badEndpoint('invalid gateway priority');
}

/** Six octets, not a group's. */
function isMac(text: string): boolean {
  return /^[0-9a-f][02468ace]([:-][0-9a-f]{2}){5}$/i.test(text);
}

/** The endpoint whose network the default route goes through: the highest priority, then the first name; never an internal one. */
export function gatewayEndpoint(
  endpoints: readonly EndpointRecord[],
  networkOf: (id: string) => NetworkRecord | undefined,
): EndpointRecord | undefined {
  const priority = ({ settings }: EndpointRecord): number => settings.GwPriority ?? 0;
  return endpoints
    .filter(({ wired, networkId }) => wired && networkOf(networkId)?.internal === false)
    .toSorted((a, b) => priority(b) - priority(a) || (a.network < b.network ? -1 : 1))[0];
}

/** `eth0`, or the first number that no endpoint has. */
export function freeLinkName(endpoints: readonly EndpointRecord[]): string {
  const names = new Set(endpoints.map(({ wired }) => wired?.link));
  let number = 0;
  while (names.has(`eth${number}`)) number++;
  return `eth${number}`;
}
