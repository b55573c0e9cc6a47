import type { Filters } from '../../api/filters.ts';
import type { ContainerSummary, Port, PortMap } from '../../api/types/container.ts';
import { isKind } from '../../lib/errors.ts';
import type { ContainerRecord } from '../../store/record/container-records.ts';
import { type ContainerContext, isCurrent } from './context.ts';
import { endpointsOf, measure, toMountPoints } from './inspect.ts';
import { createFilter, type FilterSubject } from './list-filter.ts';
import type { LiveContainer } from './live.ts';
import { isRunning } from './state.ts';
import { formatStatus } from './status-text.ts';

export interface ListOptions {
  readonly all: boolean;
  readonly limit?: number;
  readonly size: boolean;
  readonly filters: Filters;
}

/** Newest first. Without `all`, a limit or a filter by state: running ones alone. */
export async function listContainers(
  ctx: ContainerContext,
  options: ListOptions,
): Promise<readonly ContainerSummary[]> {
  const { filters } = options;
  const limit = options.limit !== undefined && options.limit > 0 ? options.limit : undefined;
  const anyState =
    options.all ||
    limit !== undefined ||
    ['status', 'exited', 'before', 'since'].some((key) => filters.get(key)?.length);
  const matches = createFilter(filters, { ancestors: await resolveAncestors(ctx, filters.get('ancestor') ?? []) });
  const chosen = between(ctx, filters)
    .filter((live) => (anyState || isRunning(live.record.state)) && matches(toSubject(live)))
    .slice(0, limit);
  const summaries = await Promise.all(chosen.map((live) => summarizeIfThere(ctx, live, options.size)));
  return summaries.filter((one) => one !== undefined);
}

/** undefined: it was removed while its files were measured. */
async function summarizeIfThere(
  ctx: ContainerContext,
  live: LiveContainer,
  size: boolean,
): Promise<ContainerSummary | undefined> {
  try {
    return await summarize(ctx, live, size);
  } catch (error) {
    if (isCurrent(ctx, live)) throw error;
    return undefined;
  }
}

/** Newest first, after `since` and before `before`. Errors: not_found for either. */
function between(ctx: ContainerContext, filters: Filters): readonly LiveContainer[] {
  const all = ctx.table.all().toReversed();
  const before = filters.get('before')?.[0];
  const since = filters.get('since')?.[0];
  const from = before === undefined ? 0 : all.indexOf(ctx.table.find(before)) + 1;
  const to = since === undefined ? all.length : all.indexOf(ctx.table.find(since));
  return all.slice(from, to);
}

/** An unknown ancestor simply matches nothing. */
async function resolveAncestors(ctx: ContainerContext, names: readonly string[]): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for (const name of names) {
    try {
      ids.add((await ctx.images.resolve(name)).id);
    } catch (error) {
      if (!isKind(error, 'not_found', 'invalid_parameter')) throw error;
    }
  }
  return ids;
}

function toSubject(live: LiveContainer): FilterSubject {
  const endpoints = live.attachment?.endpoints ?? live.record.endpoints;
  return {
    record: live.record,
    networks: Object.entries(endpoints).flatMap(([name, { NetworkID: id }]) => (id ? [name, id] : [name])),
    published: Object.entries(live.attachment?.ports ?? {}).flatMap(([port, bindings]) =>
      (bindings ?? []).map(({ HostPort }) => `${HostPort}/${port.split('/')[1]}`),
    ),
  };
}

async function summarize(ctx: ContainerContext, live: LiveContainer, size: boolean): Promise<ContainerSummary> {
  const { record } = live;
  const sizes = size ? await measure(ctx, record) : undefined;
  const { NetworkMode, Annotations } = record.hostConfig;
  return {
    Id: record.id,
    Names: [`/${record.name}`],
    Image: record.image.reference,
    ImageID: record.image.id,
    ImageManifestDescriptor: { ...record.image.manifest, platform: record.image.platform },
    Command: formatCommand(record),
    Created: Math.floor(Date.parse(record.created) / 1000),
    Ports: toPorts(record, live.attachment?.ports),
    ...sizes,
    Labels: record.config.Labels ?? {},
    State: record.state.status,
    Status: formatStatus(record.state, new Date()),
    HostConfig: { NetworkMode: NetworkMode ?? 'bridge', ...(Annotations && { Annotations }) },
    NetworkSettings: { Networks: endpointsOf(live) },
    Mounts: toMountPoints(ctx, record),
  };
}

/** `path args`, arguments with spaces in single quotes. */
function formatCommand({ config }: ContainerRecord): string {
  const [path = '', ...args] = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  return [path, ...args.map((arg) => (/\s/.test(arg) ? `'${arg}'` : arg))].join(' ');
}

/** Published ports with their addresses on the host, exposed ones without; nothing while it does not run. */
export function toPorts(record: ContainerRecord, ports: PortMap | undefined): Port[] {
  if (!ports || !isRunning(record.state)) return [];
  return Object.entries(ports).flatMap(([key, bindings]) => {
    const [number, type = 'tcp'] = key.split('/');
    const port: Port = { PrivatePort: Number(number), Type: type === 'udp' || type === 'sctp' ? type : 'tcp' };
    if (!bindings?.length) return [port];
    // One that is open at the container's own address alone has no port of the host.
    return bindings.map(({ HostIp, HostPort }) => ({
      IP: HostIp ?? '',
      PrivatePort: Number(number),
      ...(HostPort && { PublicPort: Number(HostPort) }),
      Type: port.Type ?? 'tcp',
    }));
  });
}
