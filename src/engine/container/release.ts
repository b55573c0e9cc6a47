import type { ContainerContext } from './context.ts';
import type { LiveContainer } from './live.ts';

/** Lets go of what a run held: network, root mount; `released` is the runtime's state. Failures are reported: the container has ended all the same. */
export async function releaseRun(ctx: ContainerContext, live: LiveContainer, released: Promise<void>): Promise<void> {
  const { id, mounts } = live.record;
  const network = ctx.networking
    .release(id)
    .catch((error: unknown) => ctx.report(`releasing the network of container ${id}`, error));
  await released;
  unmountRoot(ctx, id);
  for (const mount of mounts) if (mount.kind === 'volume') ctx.volumes.unmount(mount.name, id);
  await network;
}

export function unmountRoot(ctx: ContainerContext, id: string): void {
  const { rootfs, shm } = ctx.bundles.paths(id);
  try {
    ctx.mounter.unmount(rootfs, { lazy: true });
    ctx.mounter.unmount(shm, { lazy: true });
  } catch (error) {
    ctx.report(`unmounting container ${id}`, error);
  }
}
