import type { FilesView, ViewBind } from '../../../linux/files/view.ts';
import type { Userns } from '../../../linux/mount/mounter.ts';
import type { BindMount, ContainerRecord, VolumeMount } from '../../../store/record/container-records.ts';
import type { ContainerContext } from '../context.ts';
import type { LiveContainer } from '../live.ts';
import { isEnginePath, isEngineVolume } from '../user-namespace.ts';

/** The container's root as it is mounted while a process runs, else its layers. */
export function rootOf(ctx: ContainerContext, { record, session }: LiveContainer): FilesView['root'] {
  if (session) return { kind: 'mounted', path: ctx.bundles.paths(record.id).rootfs, ...usernsOf(ctx, record) };
  return { kind: 'layers', layers: ctx.layers.rootfs(record.id) };
}

/** Of a container that runs. */
function usernsOf(ctx: ContainerContext, { id, state }: ContainerRecord): { readonly userns?: Userns } {
  const map = ctx.bundles.readIdMap(id);
  return map ? { userns: { path: `/proc/${state.pid}/ns/user`, map } } : {};
}

/**
 * Does work with the root with volumes and binds, parents first, as the container sees them; tmpfs, /proc, /sys and /dev are not in it (as in
 * Docker). The volumes of a container that does not run are ready for as long as the work takes.
 */
export async function withView<T>(
  ctx: ContainerContext,
  live: LiveContainer,
  work: (view: FilesView) => Promise<T>,
): Promise<T> {
  const volumes = live.session ? [] : live.record.mounts.filter(({ kind }) => kind === 'volume');
  const ready = volumes.reduceRight<() => Promise<T>>(
    (next, mount) => () => (mount.kind === 'volume' ? ctx.volumes.borrow(mount.name, next) : next()),
    async () => work(await viewOf(ctx, live)),
  );
  return await ready();
}

async function viewOf(ctx: ContainerContext, live: LiveContainer): Promise<FilesView> {
  const { record } = live;
  const paths = ctx.bundles.paths(record.id);
  const own = new Set(record.mounts.map(({ destination }) => destination));
  const etc = [
    { destination: '/etc/resolv.conf', source: paths.resolvConf },
    { destination: '/etc/hostname', source: paths.hostname },
    { destination: '/etc/hosts', source: paths.hosts },
  ]
    .filter(({ destination }) => !own.has(destination))
    .map((one): ViewBind => ({ ...one, readOnly: false, recursive: false, isInside: true }));
  const root = rootOf(ctx, live);
  const isMapped = root.kind === 'mounted' && root.userns !== undefined;
  const binds: ViewBind[] = [];
  for (const mount of record.mounts) {
    if (mount.kind === 'tmpfs' || mount.kind === 'image') continue;
    const { destination, readOnly } = mount;
    const source = mount.kind === 'bind' ? mount.source : ctx.volumes.mountpoint(mount.name);
    if (source === undefined) continue;
    binds.push({
      source,
      destination,
      readOnly,
      recursive: !(mount.kind === 'bind' && mount.nonRecursive),
      isInside: isMapped && (await isInside(ctx, mount)),
      ...(mount.kind === 'volume' && mount.subpath !== undefined && { subpath: mount.subpath }),
    });
  }
  return { root, binds: [...binds, ...etc].toSorted((a, b) => a.destination.length - b.destination.length) };
}

async function isInside(ctx: ContainerContext, mount: BindMount | VolumeMount): Promise<boolean> {
  return mount.kind === 'bind' ? isEnginePath(ctx.settings, mount.source) : await isEngineVolume(ctx, mount.name);
}
