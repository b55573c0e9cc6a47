import type { HostConfig } from '../../api/types/container.ts';
import type { NetworkAttachment } from '../network/network.ts';
import { invalid } from './errors.ts';

const OWN_HOSTS = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::\tip6-localnet',
  'ff00::\tip6-mcastprefix',
  'ff02::1\tip6-allnodes',
  'ff02::2\tip6-allrouters',
];
/** Where no resolver of the host can be reached from inside, as Docker does. */
const PUBLIC_RESOLVERS = ['8.8.8.8', '8.8.4.4'];
/** The daemon's own, in every container of a user-defined network. */
const OWN_RESOLVER = '127.0.0.11';

/** Resolvers that the host itself asks; Docker's public ones when it names none. */
export function hostServers(resolvConf: string): readonly string[] {
  const named = resolvConf.split('\n').flatMap((line) => /^\s*nameserver\s+([0-9a-fA-F.:]+)/.exec(line)?.[1] ?? []);
  return named.length > 0 ? named : PUBLIC_RESOLVERS;
}

/** /etc/hosts of a container. `host` is the host's own file, used in host network mode; a domain name comes before the short one. */
export function formatHosts(
  hostConfig: HostConfig,
  attachment: NetworkAttachment,
  host: string,
  domainname = '',
): string {
  const extra = (hostConfig.ExtraHosts ?? []).map((entry) => formatExtraHost(entry, attachment));
  if (hostConfig.NetworkMode === 'host') return [host.trimEnd(), ...extra, ''].join('\n');
  const full = (names: readonly string[]): readonly string[] =>
    domainname === '' ? names : [`${names[0]}.${domainname}`, ...names];
  const own = attachment.hosts.map(({ ip, names }) => `${ip}\t${full(names).join(' ')}`);
  const linked = (attachment.linkedHosts ?? []).map(({ ip, names }) => `${ip}\t${names.join(' ')}`);
  return [...OWN_HOSTS, ...extra, ...linked, ...own, ''].join('\n');
}

function formatExtraHost(entry: string, attachment: NetworkAttachment): string {
  const [, name, ip] = /^([^:=]+)[:=](.+)$/.exec(entry) ?? [];
  if (name === undefined || ip === undefined) throw invalid(`bad format for add-host: "${entry}"`);
  if (ip !== 'host-gateway') return `${ip.replace(/^\[(.*)\]$/, '$1')}\t${name}`;
  const gateway = Object.values(attachment.endpoints).find(({ Gateway }) => Gateway)?.Gateway;
  if (!gateway) throw invalid('unable to derive the IP value for host-gateway');
  return `${gateway}\t${name}`;
}

/**
 * /etc/resolv.conf of a container: the host's, with what the request says instead. Loopback resolvers cannot be reached from another namespace.
 * On user-defined networks (`hasResolver`) the daemon is the resolver, which asks those servers itself.
 */
export function formatResolvConf(hostConfig: HostConfig, host: string, hasResolver = false): string {
  const lines = host.split('\n').map((line) => line.trim());
  const valuesOf = (word: string): readonly string[] =>
    lines.flatMap((line) => (line.startsWith(`${word} `) ? line.slice(word.length).trim().split(/\s+/) : []));
  const shared = hostConfig.NetworkMode === 'host' || hostConfig.NetworkMode === 'none';
  const reachable = valuesOf('nameserver').filter((ip) => shared || !isLoopback(ip));
  const own = hostConfig.Dns ?? [];
  const servers = own.length > 0 ? own : reachable.length > 0 || shared ? reachable : PUBLIC_RESOLVERS;
  const search = hostConfig.DnsSearch?.length
    ? hostConfig.DnsSearch.filter((name) => name !== '.')
    : valuesOf('search');
  const given = hostConfig.DnsOptions?.length ? hostConfig.DnsOptions : valuesOf('options');
  // Names of containers have no dots: they are asked for as they are before any search domain is.
  const options = hasResolver && !given.some((option) => option.startsWith('ndots:')) ? [...given, 'ndots:0'] : given;
  return [
    ...(hasResolver ? [OWN_RESOLVER] : servers).map((ip) => `nameserver ${ip}`),
    ...(search.length > 0 ? [`search ${search.join(' ')}`] : []),
    ...(options.length > 0 ? [`options ${options.join(' ')}`] : []),
    '',
  ].join('\n');
}

function isLoopback(ip: string): boolean {
  return ip.startsWith('127.') || ip === '::1';
}
