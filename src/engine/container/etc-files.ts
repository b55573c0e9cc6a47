import type { HostConfig } from '../../api/types/container.ts';
import { chooseHostFile, type DnsWish, formatResolvConf } from '../network/dns/resolv-conf.ts';
import type { NetworkAttachment } from '../network/network.ts';
import type { HostDefaults } from './defaults.ts';
import { invalid } from './errors.ts';

const OWN_HOSTS = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::\tip6-localnet',
  'ff00::\tip6-mcastprefix',
  'ff02::1\tip6-allnodes',
  'ff02::2\tip6-allrouters',
];

/**
 * /etc/hosts of a container. `host` is the host's own file, used in host network mode; a domain name comes before the short one; `gateways`: what
 * `host-gateway` means. Errors: invalid_parameter where that is nothing.
 */
export function formatHosts(
  hostConfig: HostConfig,
  attachment: NetworkAttachment,
  host: string,
  domainname = '',
  gateways: readonly string[] = [],
): string {
  const extra = (hostConfig.ExtraHosts ?? []).flatMap((entry) => formatExtraHost(entry, gateways));
  if (hostConfig.NetworkMode === 'host') return [host.trimEnd(), ...extra, ''].join('\n');
  const full = (names: readonly string[]): readonly string[] =>
    domainname === '' ? names : [`${names[0]}.${domainname}`, ...names];
  const own = attachment.hosts.map(({ ip, names }) => `${ip}\t${full(names).join(' ')}`);
  const linked = (attachment.linkedHosts ?? []).map(({ ip, names }) => `${ip}\t${names.join(' ')}`);
  return [...OWN_HOSTS, ...extra, ...linked, ...own, ''].join('\n');
}

function formatExtraHost(entry: string, gateways: readonly string[]): readonly string[] {
  const [, name, ip] = /^([^:=]+)[:=](.+)$/.exec(entry) ?? [];
  if (name === undefined || ip === undefined) throw invalid(`bad format for add-host: "${entry}"`);
  if (ip !== 'host-gateway') return [`${ip.replace(/^\[(.*)\]$/, '$1')}\t${name}`];
  if (gateways.length === 0) throw invalid('unable to derive the IP value for host-gateway');
  return gateways.map((gateway) => `${gateway}\t${name}`);
}

/** What a container asks for, and for what it does not name the daemon's own settings. */
export function dnsWishOf(
  { Dns, DnsOptions, DnsSearch }: HostConfig,
  { dns, dnsOptions, dnsSearch }: Pick<HostDefaults, 'dns' | 'dnsOptions' | 'dnsSearch'>,
): Required<DnsWish> {
  const choose = (own: readonly string[] | undefined, daemons: readonly string[]): string[] => [
    ...(own && own.length > 0 ? own : daemons),
  ];
  return {
    Dns: choose(Dns, dns),
    DnsOptions: choose(DnsOptions, dnsOptions),
    DnsSearch: choose(DnsSearch, dnsSearch),
  };
}

/** /etc/resolv.conf of a container; `host`: the host's own files. */
export function resolvConfOf(
  { NetworkMode }: HostConfig,
  wish: DnsWish,
  { hasResolver, endpoints }: NetworkAttachment,
  host: { readonly resolvConf: string; readonly uplinkResolvConf: string },
): string {
  const kind = NetworkMode === 'host' ? 'host' : hasResolver ? 'internal' : 'plain';
  const hasIpv6 = Object.values(endpoints).some(({ GlobalIPv6Address }) => GlobalIPv6Address);
  return formatResolvConf(wish, chooseHostFile(host, kind), kind, hasIpv6);
}
