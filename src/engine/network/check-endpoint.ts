import type { EndpointIPAMConfig, EndpointSettings } from '../../api/types/network.ts';
import type { NetworkRecord } from '../../store/record/network-records.ts';
import { parseEndpointSysctls } from './endpoint-options.ts';
import { badEndpoint, customMac, unsupported } from './errors.ts';
import { containsAddress, type Family, parseAddress, parseCidr } from './ipam.ts';
import { isLinkName } from './option-values.ts';

/** Where an endpoint will be: on the default bridge, `host` or `none`; or on a network of a user, undefined when nobody knows it yet. */
export type EndpointPlace =
  | { readonly kind: 'predefined' }
  | { readonly kind: 'user'; readonly network: NetworkRecord | undefined };

const KNOWN_OPTIONS = ['com.docker.network.endpoint.sysctls', 'com.docker.network.endpoint.ifname'];

/** As Docker's validateEndpointSettings: all that is wrong is told at once. Errors: invalid_parameter, not_implemented. */
export function checkEndpoint(settings: EndpointSettings, place: EndpointPlace): void {
  const { IPAMConfig, DriverOpts, MacAddress, GwPriority, Links } = settings;
  const ipam = IPAMConfig ?? {};
  const problems = [
    ...(place.kind === 'predefined' ? problemsOnPredefined(settings) : []),
    ...problemsOfAddresses(ipam),
    ...(place.kind === 'user' && place.network ? problemsOfSubnets(ipam, place.network) : []),
    ...parseEndpointSysctls(DriverOpts ?? {}).problems,
    ...problemsOfName(DriverOpts ?? {}),
    ...(MacAddress && !isMac(MacAddress) ? [`invalid MAC address: ${MacAddress}`] : []),
    ...(GwPriority === undefined || GwPriority === null || Number.isSafeInteger(GwPriority)
      ? []
      : ['invalid gateway priority']),
    ...(Links ?? []).flatMap((link) => (isLink(link) ? [] : [`bad format for links: ${link}`])),
  ];
  if (problems.length > 0) throw badEndpoint(...problems);
  const unknown = Object.keys(DriverOpts ?? {}).find((key) => !KNOWN_OPTIONS.includes(key));
  if (unknown !== undefined) throw unsupported(`endpoint option ${unknown}`);
  if (MacAddress && place.kind === 'user' && place.network?.driver === 'ipvlan') throw customMac();
}

function problemsOnPredefined({ IPAMConfig, Aliases }: EndpointSettings): readonly string[] {
  const hasAddress = Boolean(IPAMConfig?.IPv4Address || IPAMConfig?.IPv6Address);
  return [
    ...(hasAddress ? ['user specified IP address is supported on user defined networks only'] : []),
    ...(Aliases?.length ? ['network-scoped aliases are only supported for user-defined networks'] : []),
  ];
}

function problemsOfAddresses({ IPv4Address, IPv6Address, LinkLocalIPs }: EndpointIPAMConfig): readonly string[] {
  const bad = (ip: string, family: Family | undefined): boolean => {
    const address = parseAddress(ip);
    return !address || address.value === 0n || (family !== undefined && address.family !== family);
  };
  return [
    ...(IPv4Address && bad(IPv4Address, 4) ? [`invalid IPv4 address: ${IPv4Address}`] : []),
    ...(IPv6Address && bad(IPv6Address, 6) ? [`invalid IPv6 address: ${IPv6Address}`] : []),
    ...(LinkLocalIPs ?? []).flatMap((ip) => (bad(ip, undefined) ? [`invalid link-local IP address: ${ip}`] : [])),
  ];
}

function problemsOfSubnets(ipam: EndpointIPAMConfig, { subnets }: NetworkRecord): readonly string[] {
  return ([4, 6] as const).flatMap((family) => {
    const ip = family === 4 ? ipam.IPv4Address : ipam.IPv6Address;
    const chosen = subnets.filter((subnet) => subnet.family === family && subnet.chosen);
    if (!ip) return [];
    if (chosen.length === 0)
      return ['user specified IP address is supported only when connecting to networks with user configured subnets'];
    const isInside = chosen.some(({ subnet }) => {
      const parsed = parseCidr(subnet);
      return parsed !== undefined && containsAddress(parsed, ip);
    });
    return isInside ? [] : [`no configured subnet or ip-range contain the IP address ${ip}`];
  });
}

function problemsOfName(options: Readonly<Record<string, string>>): readonly string[] {
  const name = options['com.docker.network.endpoint.ifname'];
  return name === undefined || (isLinkName(name) && name !== 'lo') ? [] : [`invalid interface name: ${name}`];
}

/** `container` or `container:alias`. */
function isLink(text: unknown): boolean {
  return typeof text === 'string' && /^[^:\s]+(:[^:\s]+)?$/.test(text);
}

/** Six octets, not a group's. */
function isMac(text: string): boolean {
  return /^[0-9a-f][02468ace]([:-][0-9a-f]{2}){5}$/i.test(text);
}
