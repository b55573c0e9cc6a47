import type { HostConfig } from '../../api/types/container.ts';
import { composeRanges, type IdMap } from '../../lib/id-map.ts';
import type { Userns } from '../../linux/mount/mounter.ts';
import type { ContainerRecord } from '../../store/record/container-records.ts';
import type { ContainerContext, ContainerSettings } from './context.ts';
import { cannotJoinUserns, invalid, notRunning } from './errors.ts';

/**
 * The user namespace of a run under `userns-remap`. What the engine keeps (layers, volumes, the files for /etc) has the numbers of the inside on the disk
 * and is shown through mapped mounts: the same image and volume serve containers with and without.
 */
export type RunUserns = Userns;

/** Its own namespace, or that of the container whose network, processes or memory it joins; undefined: the host's. Errors: conflict, system. */
export async function openUserns(
  ctx: ContainerContext,
  record: ContainerRecord,
  undo: AsyncDisposableStack,
): Promise<RunUserns | undefined> {
  const map = mapFor(ctx.settings, record.hostConfig);
  if (!map) return undefined;
  checkUserns(ctx.settings, record.hostConfig); // the daemon may have had no such setting when it was created
  const { userns: path, stages } = ctx.bundles.paths(record.id);
  ctx.bundles.ensureFolder(stages); // whoever cleans up after this run knows that there is more than a root
  const [joined, ...others] = joinedBy(record.hostConfig).map((name) => ctx.table.find(name).record);
  if (joined) return joinUserns(ctx, joined, others);
  await ctx.userns.create(path, map);
  undo.defer(() => ctx.userns.remove(path));
  return { path, map };
}

/** A process must be at home in the user namespace that owns what it joins, setns(2). */
function joinUserns(ctx: ContainerContext, joined: ContainerRecord, others: readonly ContainerRecord[]): RunUserns {
  for (const { id, state } of [joined, ...others]) if (state.pid === 0) throw notRunning(id);
  const map = ctx.bundles.readIdMap(joined.id);
  if (!map) throw cannotJoinUserns(joined.name);
  const identity = ctx.userns.identityOf(joined.state.pid);
  const foreign = others.find(({ state }) => ctx.userns.identityOf(state.pid) !== identity);
  if (foreign) throw cannotJoinUserns(foreign.name);
  return { path: `/proc/${joined.state.pid}/ns/user`, map };
}

function joinedBy({ NetworkMode, PidMode, IpcMode }: HostConfig): readonly string[] {
  return [NetworkMode, PidMode, IpcMode].flatMap((mode) =>
    mode?.startsWith('container:') ? [mode.slice('container:'.length)] : [],
  );
}

/** Errors: invalid_parameter, in Docker's words, for what a user namespace cannot do. */
export function checkUserns(settings: Pick<ContainerSettings, 'idMap'>, host: HostConfig): void {
  if (!mapFor(settings, host)) return;
  if (host.Privileged)
    throw invalid(
      'privileged mode is incompatible with user namespaces.  You must run the container in the host namespace when running privileged mode',
    );
  if (host.NetworkMode === 'host')
    throw invalid("cannot share the host's network namespace when user namespaces are enabled");
  if (host.PidMode === 'host') throw invalid('cannot share the host PID namespace when user namespaces are enabled');
}

function mapFor({ idMap }: Pick<ContainerSettings, 'idMap'>, { UsernsMode }: HostConfig): IdMap | undefined {
  return UsernsMode === 'host' ? undefined : idMap;
}

/** Numbers that were chosen by how they look inside. */
export function mapOnHost(map: IdMap, userns: RunUserns | undefined): IdMap {
  if (!userns) return map;
  return { uids: composeRanges(map.uids, userns.map.uids), gids: composeRanges(map.gids, userns.map.gids) };
}

/** True for what the engine keeps, whose numbers on the disk are those of the inside; other files of the host have the host's. */
export function isEnginePath(
  { dataRoot, execRoot }: Pick<ContainerSettings, 'dataRoot' | 'execRoot'>,
  path: string,
): boolean {
  return [dataRoot, execRoot].some((folder) => path.startsWith(`${folder}/`));
}

/** As {@link isEnginePath}, of a volume: one from elsewhere (a device, a bind, a plugin) is the host's. */
export async function isEngineVolume({ volumes }: Pick<ContainerContext, 'volumes'>, name: string): Promise<boolean> {
  const { Driver, Options } = await volumes.inspect(name);
  return Driver === 'local' && !Options?.['device'];
}
