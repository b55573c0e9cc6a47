import type { ContainerRecord } from '../../store/record/container-records.ts';
import type { ContainerContext } from './context.ts';
import type { LiveContainer } from './live.ts';
import { hasStages } from './staged-mounts.ts';

/**
 * Lets go of what a run held: network, root mount; `released` is the runtime's state, which one that is about to be removed is not kept
 * waiting for. Failures are reported: the container has ended all the same.
 */
export async function releaseRun(ctx: ContainerContext, live: LiveContainer, released: Promise<void>): Promise<void> {
  const { id } = live.record;
  const network = ctx.networking
    .release(id)
    .catch((error: unknown) => ctx.report(`releasing the network of container ${id}`, error));
  if (goesAtOnce(live)) ctx.tasks.spawn(`runtime state of container ${id}`, () => released);
  else await released;
  unmountRun(ctx, live.record);
  await releaseVolumes(ctx, live.record);
  await network;
}

/**
 * Removed in the moment it has ended, with no process left (in a pid namespace of its own the kernel has ended them all) and no hook to run
 * (devices of vendors may bring one for the end, which the runtime finds in the bundle).
 */
export function goesAtOnce({ doomed, restartingByHand, record: { hostConfig } }: LiveContainer): boolean {
  const { AutoRemove = false, PidMode, DeviceRequests } = hostConfig;
  return (doomed || (AutoRemove && !restartingByHand)) && !PidMode && !DeviceRequests?.length;
}

/** What a run has mounted on the host: its root, its shared memory, and what was made ready for it. Fine when it is gone. */
export function unmountRun(ctx: ContainerContext, record: ContainerRecord): void {
  const { run, rootfs, shm, stages } = ctx.bundles.paths(record.id);
  try {
    ctx.mounter.unmount(rootfs, { lazy: true });
    ctx.mounter.unmount(shm, { lazy: true });
    if (hasStages(record) || ctx.bundles.exists(stages))
      for (const point of ctx.mounter.list(run)) ctx.mounter.unmount(point, { lazy: true });
  } catch (error) {
    ctx.report(`unmounting container ${record.id}`, error);
  }
}

/** Each volume of a run that has ended, as often as it was mounted. */
async function releaseVolumes(ctx: ContainerContext, { id, mounts }: ContainerRecord): Promise<void> {
  for (const mount of mounts) {
    if (mount.kind !== 'volume') continue;
    await ctx.volumes
      .unmount(mount.name, id)
      .catch((error: unknown) => ctx.report(`unmounting volume ${mount.name} of container ${id}`, error));
  }
}
