import type { FilesView, ViewBind } from '../../../linux/files/view.ts';
import type { ContainerContext } from '../context.ts';
import type { LiveContainer } from '../live.ts';

/** The container's root as it is mounted while a process runs, else its layers. */
export function rootOf(ctx: ContainerContext, { record, session }: LiveContainer): FilesView['root'] {
  if (session) return { kind: 'mounted', path: ctx.bundles.paths(record.id).rootfs };
  return { kind: 'layers', layers: ctx.layers.rootfs(record.id) };
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
    () => work(viewOf(ctx, live)),
  );
  return await ready();
}

function viewOf(ctx: ContainerContext, live: LiveContainer): FilesView {
  const { record } = live;
  const paths = ctx.bundles.paths(record.id);
  const own = new Set(record.mounts.map(({ destination }) => destination));
  const etc = [
    { destination: '/etc/resolv.conf', source: paths.resolvConf },
    { destination: '/etc/hostname', source: paths.hostname },
    { destination: '/etc/hosts', source: paths.hosts },
  ].filter(({ destination }) => !own.has(destination));
  const binds = record.mounts.flatMap((mount): ViewBind[] => {
    const { destination, readOnly } = mount;
    if (mount.kind === 'tmpfs' || mount.kind === 'image') return [];
    const source = mount.kind === 'bind' ? mount.source : ctx.volumes.mountpoint(mount.name);
    const recursive = !(mount.kind === 'bind' && mount.nonRecursive);
    const subpath = mount.kind === 'volume' && mount.subpath !== undefined ? { subpath: mount.subpath } : {};
    return source === undefined ? [] : [{ source, destination, readOnly, recursive, ...subpath }];
  });
  const all = [...binds, ...etc.map((one) => ({ ...one, readOnly: false, recursive: false }))];
  return { root: rootOf(ctx, live), binds: all.toSorted((a, b) => a.destination.length - b.destination.length) };
}
