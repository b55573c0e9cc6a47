import type { BindMount, ContainerRecord, MountRecord, VolumeMount } from '../../store/record/container-records.ts';
import type { ContainerContext } from './context.ts';
import { invalid, notShareable } from './errors.ts';
import type { SpecMount } from './spec-input.ts';

export interface Root {
  readonly accounts: { readonly passwd: string; readonly group: string };
  readonly mounts: readonly SpecMount[];
}

/** Mounts the root file system and makes ready what is mounted into it. What is undone later goes on `undo`. */
export async function prepareRoot(
  ctx: ContainerContext,
  record: ContainerRecord,
  undo: AsyncDisposableStack,
): Promise<Root> {
  const { rootfs } = ctx.bundles.paths(record.id);
  ctx.mounter.overlay(rootfs, ctx.layers.rootfs(record.id));
  undo.defer(() => ctx.mounter.unmount(rootfs, { lazy: true }));
  const accounts = ctx.bundles.readAccounts(record.id);
  const directory = record.config.WorkingDir;
  if (directory && directory !== '/') ctx.bundles.ensureInRoot(record.id, directory, { uid: 0, gid: 0 });
  const mounts = await Promise.all(record.mounts.map((mount) => prepareMount(ctx, record, mount, rootfs)));
  const shared = prepareSharedMemory(ctx, record, undo);
  return { accounts, mounts: [...etcMounts(ctx, record), ...shared, ...mounts] };
}

/** /dev/shm of a container that others may join, or of the one it joins. Any other has its own, made by the runtime. */
function prepareSharedMemory(
  ctx: ContainerContext,
  { id, hostConfig, mounts }: ContainerRecord,
  undo: AsyncDisposableStack,
): readonly SpecMount[] {
  const mode = hostConfig.IpcMode ?? '';
  const joined = mode.startsWith('container:') ? ctx.table.find(mode.slice('container:'.length)).record : undefined;
  if (joined && joined.hostConfig.IpcMode !== 'shareable') throw notShareable(joined.id);
  if (!joined && mode !== 'shareable') return [];
  const { shm } = ctx.bundles.paths(joined?.id ?? id);
  if (!joined) {
    ctx.bundles.ensureFolder(shm);
    ctx.mounter.tmpfs(shm, { sizeBytes: hostConfig.ShmSize, mode: 0o1777 });
    undo.defer(() => ctx.mounter.unmount(shm, { lazy: true }));
  }
  if (mounts.some(({ destination }) => destination === '/dev/shm')) return [];
  const options = ['rbind', 'rw', 'nosuid', 'noexec', 'nodev', 'rprivate'];
  return [{ destination: '/dev/shm', type: 'bind', source: shm, options }];
}

async function prepareMount(
  ctx: ContainerContext,
  record: ContainerRecord,
  mount: MountRecord,
  rootfs: string,
): Promise<SpecMount> {
  switch (mount.kind) {
    case 'bind':
      return prepareBind(ctx, mount);
    case 'volume':
      return await prepareVolume(ctx, record, mount, rootfs);
    case 'tmpfs':
      return {
        destination: mount.destination,
        type: 'tmpfs',
        source: 'tmpfs',
        options: unique(['noexec', 'nosuid', 'nodev', ...mount.options]),
      };
  }
}

/** Of contradicting options the last one given counts. */
function unique(options: readonly string[]): readonly string[] {
  const opposite = (option: string): string => (option.startsWith('no') ? option.slice(2) : `no${option}`);
  return options.filter(
    (option, at) => !options.slice(at + 1).some((later) => later === option || later === opposite(option)),
  );
}

function prepareBind(ctx: ContainerContext, mount: BindMount): SpecMount {
  if (!ctx.bundles.exists(mount.source)) {
    if (!mount.createSource)
      throw invalid(`invalid mount config for type "bind": bind source path does not exist: ${mount.source}`);
    ctx.bundles.ensureFolder(mount.source);
  }
  const bind = mount.nonRecursive ? 'bind' : 'rbind';
  // `rro` (mount_setattr(2), AT_RECURSIVE) reaches what is mounted below.
  const access = mount.readOnly ? (mount.recursiveReadOnly ? ['ro', 'rro'] : ['ro']) : ['rw'];
  const options = [bind, ...access, mount.propagation];
  return { destination: mount.destination, type: 'bind', source: mount.source, options };
}

async function prepareVolume(
  ctx: ContainerContext,
  record: ContainerRecord,
  mount: VolumeMount,
  rootfs: string,
): Promise<SpecMount> {
  const source = ctx.volumes.mount(mount.name, record.id, mount);
  if (mount.copyUp) await ctx.volumes.copyUp(mount.name, rootfs, mount.destination);
  return {
    destination: mount.destination,
    type: 'bind',
    source,
    options: ['rbind', mount.readOnly ? 'ro' : 'rw', 'rprivate'],
  };
}

/** hosts, hostname and resolv.conf, unless the user mounts his own; those of the other container when its network is shared. */
function etcMounts(ctx: ContainerContext, record: ContainerRecord): readonly SpecMount[] {
  const mode = record.hostConfig.NetworkMode ?? '';
  const owner = mode.startsWith('container:') ? ctx.table.find(mode.slice('container:'.length)).record.id : record.id;
  const { hosts, hostname, resolvConf } = ctx.bundles.paths(owner);
  const own = new Set(record.mounts.map(({ destination }) => destination));
  return [
    { destination: '/etc/resolv.conf', source: resolvConf },
    { destination: '/etc/hostname', source: hostname },
    { destination: '/etc/hosts', source: hosts },
  ]
    .filter(({ destination }) => !own.has(destination))
    .map(({ destination, source }) => ({ destination, source, type: 'bind', options: ['rbind', 'rw', 'rprivate'] }));
}
