import { isKind } from '../../lib/errors.ts';
import { endBackOff } from './back-off.ts';
import { type ContainerContext, isCurrent, publish } from './context.ts';
import { removalInProgress, removeRunning } from './errors.ts';
import type { LiveContainer } from './live.ts';
import { unmountRun } from './release.ts';
import { writableLayers } from './staged-mounts.ts';
import { nextState } from './state.ts';

/**
 * Removes a container that does not run, under its lock. The record goes before the file system does, so that a crash in between leaves
 * only files that the next start of the daemon sweeps away. With `volumes`, anonymous volumes go too.
 * Errors: conflict when it runs or is being removed.
 */
export async function removeContainer(
  ctx: ContainerContext,
  live: LiveContainer,
  options: { readonly volumes: boolean },
): Promise<void> {
  const { record } = live;
  if (live.removing) throw removalInProgress(record.id);
  if (!isCurrent(ctx, live)) return;
  if (live.session) throw removeRunning(record.name, record.state.status);
  endBackOff(ctx, live);
  live.removing = true;
  try {
    const anonymous = options.volumes ? anonymousVolumes(live) : [];
    const removing = nextState(live.record.state, 'removing');
    // Auto-remove containers are removed at the daemon's next start in any state, so theirs need not be kept; and one without volumes is whole
    // until its record goes.
    if (record.hostConfig.AutoRemove || record.mounts.every(({ kind }) => kind !== 'volume'))
      ctx.table.setState(live, removing);
    else ctx.table.saveState(live, removing);
    await ctx.logForwarders.end(record.id);
    await ctx.volumes.releaseAll(record.id);
    await removeVolumes(ctx, anonymous);
    await ctx.networking.release(record.id);
    unmountRun(ctx, record);
    ctx.table.delete(live);
    ctx.bundles.removeRun(record.id);
    ctx.bundles.removeKept(record.id);
    for (const layer of writableLayers(record)) await ctx.layers.removeWritable(layer);
  } finally {
    live.removing = false;
  }
  publish(ctx, record, 'destroy');
  for (const stream of live.waitingAttachers) stream.finish();
  live.removed.resolve({ StatusCode: record.state.exitCode });
}

function anonymousVolumes({ record }: LiveContainer): readonly string[] {
  return record.mounts.flatMap((mount) => (mount.kind === 'volume' && mount.anonymous ? [mount.name] : []));
}

/** Volumes that another container uses by now, or that are gone, are passed over. */
async function removeVolumes(ctx: ContainerContext, names: readonly string[]): Promise<void> {
  for (const name of names) {
    try {
      await ctx.volumes.remove(name, { force: true });
    } catch (error) {
      if (!isKind(error, 'conflict', 'not_found')) ctx.report(`removing volume ${name}`, error);
    }
  }
}
