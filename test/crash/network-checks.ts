import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerInspectResponse } from '../../src/api/types/container.ts';
import type { EndpointSettings, Network } from '../../src/api/types/network.ts';
import type { TestDaemon } from '../helpers/daemon.ts';
import { linksOf } from '../helpers/leftovers.ts';

interface Seen {
  /** Names of bridges begin so. */
  readonly prefix: string;
  readonly daemon: TestDaemon;
  /** User-defined ones, with their members. */
  readonly networks: readonly Network[];
  readonly containers: readonly ContainerInspectResponse[];
}

interface LinkSeen {
  readonly ifname: string;
  readonly addr_info: readonly { readonly local: string; readonly prefixlen: number; readonly scope: string }[];
}

/** Where the kernel and the daemon do not agree; none when they do. */
export function disagreements(seen: Seen): readonly string[] {
  const bridges = seen.networks.filter(({ Driver }) => Driver === 'bridge');
  const links = bridges.map(linkOf);
  const hostLinks = readdirSync('/sys/class/net').filter((name) => new RegExp(`^${seen.prefix}\\d+$`).test(name));
  const ends = [seen.daemon.bridge, ...links].flatMap((link) => linksOf(link));
  const wires = readdirSync('/sys/class/net').filter((name) => name.startsWith(ends[0]?.slice(0, 5) ?? '?'));
  const running = seen.containers.length;
  return [
    ...differ('bridges', hostLinks, links),
    ...differ('wires outside of bridges', wires, ends),
    ...differ('bridges in the rules', linksInRules(seen), links),
    ...bridges.flatMap(problemsOfBridge),
    ...seen.containers.flatMap((container) => problemsOfContainer(container, seen.networks)),
    ...problemsOfAddresses(seen.containers),
    ...differ('namespace files', namesIn(join(seen.daemon.root, 'e/netns')).length, running),
    ...differ('mounted namespaces', mountedNamespaces(seen.daemon.root), running),
  ];
}

function problemsOfBridge(network: Network): readonly string[] {
  const link = linkOf(network);
  const members = Object.keys(network.Containers ?? {}).length;
  const gateways = (network.IPAM?.Config ?? []).map(({ Gateway = '' }) => Gateway);
  return [
    ...differ(`wires of ${network.Name}`, linksOf(link).length, members),
    ...differ(`addresses of ${network.Name}`, addressesOf(readLinks([]), link), gateways),
  ];
}

function problemsOfContainer(
  { Name, Id = '', NetworkSettings }: ContainerInspectResponse,
  networks: readonly Network[],
): readonly string[] {
  const endpoints = Object.entries(NetworkSettings?.Networks ?? {});
  const inside = readLinks(['nsenter', `--net=${NetworkSettings?.SandboxKey}`]);
  const found = inside.filter(({ ifname }) => ifname !== 'lo').flatMap(({ ifname }) => addressesOf(inside, ifname));
  const wanted = endpoints.flatMap(([, { IPAddress, GlobalIPv6Address }]) =>
    [IPAddress, GlobalIPv6Address].flatMap((ip) => (ip ? [ip] : [])),
  );
  const joined = networks.filter(({ Containers }) => Id in (Containers ?? {})).map(({ Name: name = '' }) => name);
  const own = endpoints.map(([name]) => name).filter((name) => name !== 'bridge');
  return [
    ...differ(`links in ${Name}`, inside.length - 1, endpoints.length),
    ...differ(`addresses in ${Name}`, found, wanted),
    ...differ(`networks of ${Name}`, joined, own),
    ...problemsOfRoutes(
      `${Name}`,
      NetworkSettings?.SandboxKey ?? '',
      endpoints.map(([, endpoint]) => endpoint),
    ),
  ];
}

/** A default route of each family that leads to the gateway of a network it is on; none when there is no gateway. */
function problemsOfRoutes(name: string, netns: string, endpoints: readonly EndpointSettings[]): readonly string[] {
  return ([4, 6] as const).flatMap((family) => {
    const gateways = endpoints.flatMap(({ Gateway, IPv6Gateway }) => (family === 4 ? Gateway : IPv6Gateway) || []);
    const argv = ['nsenter', `--net=${netns}`, 'ip', `-${family}`, '-j', 'route', 'show', 'default'];
    const routes = parseJson<{ readonly gateway?: string }[]>(argv);
    const isGood =
      routes.length === Math.min(1, gateways.length) && routes.every(({ gateway = '' }) => gateways.includes(gateway));
    return isGood
      ? []
      : [`IPv${family} routes of ${name}: ${JSON.stringify(routes)}, gateways are ${gateways.join(' ')}`];
  });
}

function problemsOfAddresses(containers: readonly ContainerInspectResponse[]): readonly string[] {
  const all = containers.flatMap(({ NetworkSettings }) =>
    Object.values(NetworkSettings?.Networks ?? {}).flatMap(({ IPAddress, GlobalIPv6Address, NetworkID }) =>
      [IPAddress, GlobalIPv6Address].flatMap((ip) => (ip ? [`${NetworkID} ${ip}`] : [])),
    ),
  );
  return differ('different addresses', new Set(all).size, all.length);
}

/** Bridges of the model that the daemon's table names. */
function linksInRules({ daemon, prefix }: Seen): readonly string[] {
  const tables = Bun.spawnSync(['nft', 'list', 'tables']).stdout.toString().split('\n');
  const own = tables.filter((line) => line.endsWith(`_${daemon.bridge}`));
  const text = own
    .map((line) => Bun.spawnSync(['nft', 'list', ...line.trim().split(' ')]).stdout.toString())
    .join('\n');
  return [...new Set(text.match(new RegExp(`\\b${prefix}\\d+\\b`, 'g')) ?? [])];
}

function linkOf({ Options }: Network): string {
  return Options?.['com.docker.network.bridge.name'] ?? '';
}

function readLinks(within: readonly string[]): readonly LinkSeen[] {
  return parseJson<LinkSeen[]>([...within, 'ip', '-j', 'address', 'show']);
}

/** Of the global scope. */
function addressesOf(links: readonly LinkSeen[], name: string): readonly string[] {
  const link = links.find(({ ifname }) => ifname === name);
  return (link?.addr_info ?? []).flatMap(({ local, scope }) => (scope === 'global' ? [local] : []));
}

function parseJson<T>(argv: readonly string[]): T {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...argv]);
  if (exitCode !== 0) throw new Error(`${argv.join(' ')}: ${stderr.toString()}`);
  return JSON.parse(stdout.toString() || '[]') as T;
}

function mountedNamespaces(root: string): number {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return mounts.filter((line) => line.split(' ')[4]?.startsWith(join(root, 'e/netns'))).length;
}

function namesIn(folder: string): readonly string[] {
  return readdirSync(folder);
}

function differ(
  what: string,
  found: number | readonly string[],
  wanted: number | readonly string[],
): readonly string[] {
  const [a, b] = [found, wanted].map((value) => (typeof value === 'number' ? `${value}` : value.toSorted().join(' ')));
  return a === b ? [] : [`${what}: ${a}, should be ${b}`];
}
