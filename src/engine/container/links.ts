import type { HostConfig } from '../../api/types/container.ts';
import { isKind, KnownError, messageOf } from '../../lib/errors.ts';
import type { ContainerRecord } from '../../store/record/container-records.ts';
import type { NetworkAttachment } from '../network/network.ts';
import type { ContainerContext } from './context.ts';
import { invalid } from './errors.ts';
import type { LiveContainer } from './live.ts';

/**
 * `--link` on the default bridge, as Docker has it since before networks: a line in /etc/hosts and variables of the environment. A record
 * names the other container by its id, so that a rename does not matter. On user-defined networks a link is an alias in the resolver.
 */
export interface LinkedContainer {
  readonly alias: string;
  readonly record: ContainerRecord;
}

/** The links of a new container, as `id:alias`. Errors: invalid_parameter for a container that is not there, or has no network of its own. */
export function planLinks(ctx: Pick<ContainerContext, 'table'>, { Links }: HostConfig): readonly string[] {
  return (Links ?? []).map((link) => {
    const { name, alias } = parseLink(link);
    try {
      const { record } = ctx.table.find(name);
      const mode = record.hostConfig.NetworkMode ?? '';
      if (mode === 'host')
        throw invalid(
          "conflicting options: host type networking can't be used with links. This would result in undefined behavior",
        );
      return `${record.id}:${alias ?? record.name}`;
    } catch (error) {
      if (!isKind(error, 'not_found')) throw error;
      throw invalid(`could not get container for ${name}: ${messageOf(error)}`);
    }
  });
}

/** Those that are there; a container that was removed is no link any more. */
export function linksOf(
  ctx: Pick<ContainerContext, 'table'>,
  { hostConfig }: ContainerRecord,
): readonly (LinkedContainer & { readonly live: LiveContainer })[] {
  if (!isOnDefaultBridge(hostConfig)) return [];
  return (hostConfig.Links ?? []).flatMap((link) => {
    const { name, alias } = parseLink(link);
    const live = ctx.table.byId(name);
    return live ? [{ alias: alias ?? live.record.name, record: live.record, live }] : [];
  });
}

/** As inspect shows them: `/child:/own/alias`. */
export function showLinks(ctx: Pick<ContainerContext, 'table'>, record: ContainerRecord): HostConfig {
  if (!record.hostConfig.Links?.length || !isOnDefaultBridge(record.hostConfig)) return record.hostConfig;
  const Links = linksOf(ctx, record).map(({ alias, record: child }) => `/${child.name}:/${record.name}/${alias}`);
  return { ...record.hostConfig, Links };
}

/** An attachment with the lines of its container's links to those that run. */
export function withLinkedHosts(
  ctx: Pick<ContainerContext, 'table'>,
  record: ContainerRecord,
  attachment: NetworkAttachment,
): NetworkAttachment {
  const linkedHosts = linksOf(ctx, record).flatMap(({ alias, record: child, live }) => {
    const ip = bridgeAddress(live);
    const names = [...new Set([alias, child.config.Hostname ?? '', child.name])].filter(Boolean);
    return ip ? [{ ip, names }] : [];
  });
  return { ...attachment, linkedHosts };
}

/** Variables of the environment that tell of the links. Errors: system for a container that does not run, or is elsewhere. */
export function linkEnvironment(ctx: Pick<ContainerContext, 'table'>, record: ContainerRecord): readonly string[] {
  return linksOf(ctx, record).flatMap(({ alias, record: child, live }) =>
    formatLinkEnvironment({
      alias,
      path: `/${record.name}/${alias}`,
      ip: addressOf(live, alias, record.name),
      ports: Object.keys(child.config.ExposedPorts ?? {}),
      environment: child.config.Env ?? [],
    }),
  );
}

/** Containers that run and have a link to this one. */
export function linkedTo(ctx: Pick<ContainerContext, 'table'>, id: string): readonly LiveContainer[] {
  return ctx.table
    .all()
    .filter((live) => live.session && linksOf(ctx, live.record).some(({ record }) => record.id === id));
}

interface LinkFacts {
  readonly alias: string;
  readonly path: string;
  readonly ip: string;
  /** `80/tcp` */
  readonly ports: readonly string[];
  readonly environment: readonly string[];
}

interface LinkPort {
  readonly port: number;
  readonly protocol: string;
}

/** First and last of ports that follow one another. */
function toRanges(sorted: readonly LinkPort[]): readonly (readonly [LinkPort, LinkPort])[] {
  const ranges: [LinkPort, LinkPort][] = [];
  for (const port of sorted) {
    const last = ranges.at(-1);
    if (last && last[1].port + 1 === port.port && last[1].protocol === port.protocol) last[1] = port;
    else ranges.push([port, port]);
  }
  return ranges.filter(([start, end]) => start !== end);
}

/** As daemon/links of moby. Pure. */
export function formatLinkEnvironment({ alias, path, ip, ports, environment }: LinkFacts): readonly string[] {
  const prefix = alias.toUpperCase().replaceAll('-', '_');
  const sorted = ports
    .map((text) => {
      const [port = '', protocol = 'tcp'] = text.split('/');
      return { port: Number(port), protocol };
    })
    .toSorted((a, b) => a.port - b.port || (a.protocol < b.protocol ? -1 : 1));
  const [first] = sorted;
  const nameOf = ({ port, protocol }: LinkPort): string => `${prefix}_PORT_${port}_${protocol.toUpperCase()}`;
  const ofRanges = toRanges(sorted).flatMap(([start, end]) => {
    const name = nameOf(start);
    return [
      `${name}_START=${start.protocol}://${ip}:${start.port}`,
      `${name}_PORT_START=${start.port}`,
      `${name}_END=${end.protocol}://${ip}:${end.port}`,
      `${name}_PORT_END=${end.port}`,
    ];
  });
  const ofPorts = sorted.flatMap(({ port, protocol }) => {
    const name = nameOf({ port, protocol });
    return [
      `${name}=${protocol}://${ip}:${port}`,
      `${name}_ADDR=${ip}`,
      `${name}_PORT=${port}`,
      `${name}_PROTO=${protocol}`,
    ];
  });
  const ofEnvironment = environment.filter((entry) => /^(?!HOME=|PATH=)[^=]+=/.test(entry));
  return [
    ...(first ? [`${prefix}_PORT=${first.protocol}://${ip}:${first.port}`] : []),
    ...ofRanges,
    ...ofPorts,
    `${prefix}_NAME=${path}`,
    ...ofEnvironment.map((entry) => `${prefix}_ENV_${entry}`),
  ];
}

export function isOnDefaultBridge({ NetworkMode: mode = 'default' }: HostConfig): boolean {
  return ['', 'default', 'bridge'].includes(mode);
}

function bridgeAddress({ session, attachment }: LiveContainer): string | undefined {
  return session && attachment?.endpoints['bridge']?.IPAddress;
}

function addressOf(live: LiveContainer, alias: string, owner: string): string {
  const { record } = live;
  if (!live.session)
    throw new KnownError('system', `Cannot link to a non running container: /${record.name} AS /${owner}/${alias}`);
  const ip = bridgeAddress(live);
  if (!ip) throw new KnownError('system', `container ${record.id} not attached to default bridge network`);
  return ip;
}

/** `name` or `name:alias`; also as inspect shows it. Errors: invalid_parameter. */
export function parseLink(text: string): { readonly name: string; readonly alias: string | undefined } {
  const [name = '', path, ...more] = text.split(':');
  const alias = path?.split('/').at(-1);
  if (name === '' || alias === '' || more.length > 0) throw invalid(`bad format for links: ${text}`);
  return { name: name.replace(/^\//, ''), alias };
}
