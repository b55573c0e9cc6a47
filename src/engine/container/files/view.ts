import type { FilesView, ViewBind } from '../../../linux/files/view.ts';
import type { ContainerContext } from '../context.ts';
import { volumeSources } from '../inspect.ts';
import type { LiveContainer } from '../live.ts';

/** The container's root as it is mounted while a process runs, else its layers. */
export function rootOf(ctx: ContainerContext, { record, session }: LiveContainer): FilesView['root'] {
  if (session) return { kind: 'mounted', path: ctx.bundles.paths(record.id).rootfs };
  return { kind: 'layers', layers: ctx.layers.rootfs(record.id) };
}

/** The root with volumes and binds, parents first, as the container sees them; tmpfs, /proc, /sys and /dev are not in it (as in Docker). */
export async function viewOf(ctx: ContainerContext, live: LiveContainer): Promise<FilesView> {
  const { record } = live;
  const sources = await volumeSources(ctx, record);
  const paths = ctx.bundles.paths(record.id);
  const own = new Set(record.mounts.map(({ destination }) => destination));
  const etc = [
    { destination: '/etc/resolv.conf', source: paths.resolvConf },
    { destination: '/etc/hostname', source: paths.hostname },
    { destination: '/etc/hosts', source: paths.hosts },
  ].filter(({ destination }) => !own.has(destination));
  const binds = record.mounts.flatMap((mount): ViewBind[] => {
    const { destination, readOnly } = mount;
    if (mount.kind === 'tmpfs') return [];
    const source = mount.kind === 'bind' ? mount.source : sources.get(mount.name);
    const recursive = !(mount.kind === 'bind' && mount.nonRecursive);
    return source === undefined ? [] : [{ source, destination, readOnly, recursive }];
  });
  const all = [...binds, ...etc.map((one) => ({ ...one, readOnly: false, recursive: false }))];
  return { root: rootOf(ctx, live), binds: all.toSorted((a, b) => a.destination.length - b.destination.length) };
}
