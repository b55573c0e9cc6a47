import { basename } from 'node:path';
import { KnownError } from '../../lib/errors.ts';
import type {
  BindMount,
  ContainerRecord,
  ImageMount,
  MountRecord,
  VolumeMount,
} from '../../store/record/container-records.ts';
import type { ContainerContext } from './context.ts';
import { touches } from './daemon-root.ts';
import { invalid, notShareable } from './errors.ts';
import { prepareSecrets } from './secrets.ts';
import type { SpecMount } from './spec-input.ts';
import { type MountingRun, mountImage, stageMount } from './staged-mounts.ts';
import { mergeTmpfsOptions } from './tmpfs-options.ts';
import { isEnginePath, isEngineVolume, type RunUserns } from './user-namespace.ts';

export interface Root {
  readonly accounts: { readonly passwd: string; readonly group: string };
  readonly mounts: readonly SpecMount[];
}

/** Mounts the root file system and makes ready what is mounted into it. What is undone later goes on `undo`. */
export async function prepareRoot(
  ctx: ContainerContext,
  record: ContainerRecord,
  userns: RunUserns | undefined,
  undo: AsyncDisposableStack,
): Promise<Root> {
  const { rootfs } = ctx.bundles.paths(record.id);
  const layers = ctx.layers.rootfs(record.id);
  ctx.mounter.overlay(rootfs, layers);
  undo.defer(() => ctx.mounter.unmount(rootfs, { lazy: true }));
  const accounts = ctx.bundles.readAccounts(record.id);
  const directory = record.config.WorkingDir;
  if (directory && directory !== '/') ctx.bundles.ensureInRoot(record.id, directory, { uid: 0, gid: 0 });
  const mounts: SpecMount[] = [];
  // One after another: a failure must not leave another mount being made while everything is undone.
  const run: MountingRun = { ctx, record, accounts, userns, undo };
  for (const [at, mount] of record.mounts.entries()) mounts.push(await prepareMount(run, at, mount));
  const shared = prepareSharedMemory(ctx, record, undo);
  const secrets = prepareSecrets(ctx, record, userns, undo);
  if (userns) {
    // Until now the host's root was at work in it, who is nobody there from now on.
    ctx.mounter.unmount(rootfs);
    ctx.mounter.overlay(rootfs, layers, { userns });
  }
  return { accounts, mounts: [...shared, ...mounts, ...secrets] };
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

/** `at` is its place among the container's. */
async function prepareMount(run: MountingRun, at: number, mount: MountRecord): Promise<SpecMount> {
  switch (mount.kind) {
    case 'bind':
      return await prepareBind(run, at, mount);
    case 'volume':
      return await prepareVolume(run, at, mount);
    case 'image':
      return await prepareImage(run, at, mount);
    case 'tmpfs':
      return {
        destination: mount.destination,
        type: 'tmpfs',
        source: 'tmpfs',
        options: mergeTmpfsOptions(mount.options),
      };
  }
}

async function prepareBind(run: MountingRun, at: number, mount: BindMount): Promise<SpecMount> {
  const { ctx } = run;
  const { source, idMapping, destination } = mount;
  if (!ctx.bundles.exists(source)) {
    if (!mount.createSource)
      throw invalid(`invalid mount config for type "bind": bind source path does not exist: ${source}`);
    ctx.bundles.ensureFolder(source);
  }
  const propagation = checkPropagation(ctx, mount);
  const recursive = !mount.nonRecursive;
  const isInside = isEnginePath(ctx.settings, source);
  const staged = await stageMount(run, { source, at, recursive, isInside, ...(idMapping && { idMapping }) });
  // `rro` (mount_setattr(2), AT_RECURSIVE) reaches what is mounted below; below a file nothing is, and crun refuses it there.
  const below = mount.recursiveReadOnly && ctx.bundles.isFolder(source);
  const access = mount.readOnly ? ['ro', ...(below ? ['rro'] : [])] : ['rw'];
  // crun takes the `r` of a propagation for the bind too.
  const how = recursive ? ['rbind', ...access, propagation] : ['bind', ...access, propagation.replace(/^r/, '')];
  return { destination, type: 'bind', source: staged, options: how };
}

/**
 * Shared and slave mounts need a source that shares or follows. What touches the engine's own folders is made a slave unasked, so that no
 * container keeps the mounts of another; where that is not possible it stays private. Errors: system, in Docker's words.
 */
function checkPropagation(ctx: ContainerContext, { source, propagation }: BindMount): string {
  const wanted = propagation || 'rprivate';
  if (wanted.endsWith('private')) return wanted;
  const { point, shared, slave } = ctx.mounter.sharing(source);
  if (shared || (slave && wanted.endsWith('slave'))) return wanted;
  if (wanted.endsWith('slave') && touches(source, ctx.settings.dataRoot)) return 'rprivate';
  const needed = wanted.endsWith('slave') ? 'shared or slave' : 'shared';
  throw new KnownError('system', `path ${source} is mounted on ${point} but it is not a ${needed} mount`);
}

async function prepareVolume(run: MountingRun, at: number, mount: VolumeMount): Promise<SpecMount> {
  const { ctx, record, userns, undo } = run;
  const { name, subpath, idMapping } = mount;
  const path = await ctx.volumes.mount(name, record.id, mount);
  undo.defer(() => ctx.volumes.unmount(name, record.id));
  const source = await stageMount(run, {
    source: path,
    at,
    recursive: true,
    isInside: userns !== undefined && (await isEngineVolume(ctx, name)),
    ...(subpath !== undefined && { subpath }),
    ...(idMapping && { idMapping }),
  });
  const options = ['rbind', mount.readOnly ? 'ro' : 'rw', 'rprivate'];
  return { destination: mount.destination, type: 'bind', source, options };
}

async function prepareImage(run: MountingRun, at: number, mount: ImageMount): Promise<SpecMount> {
  const source = await stageMount(run, {
    source: mountImage(run, at),
    at,
    recursive: false,
    isInside: false, // an overlay of mapped folders
    ...(mount.subpath && { subpath: mount.subpath }),
  });
  const options = ['rbind', mount.readOnly ? 'ro' : 'rw', 'rprivate'];
  return { destination: mount.destination, type: 'bind', source, options };
}

/**
 * hosts, hostname and resolv.conf, which are there, unless the user mounts his own; those of the other container when its network is shared.
 */
export async function etcMounts(run: MountingRun): Promise<readonly SpecMount[]> {
  const { ctx, record } = run;
  const mode = record.hostConfig.NetworkMode ?? '';
  const owner = mode.startsWith('container:') ? ctx.table.find(mode.slice('container:'.length)).record.id : record.id;
  const { hosts, hostname, resolvConf } = ctx.bundles.paths(owner);
  const own = new Set(record.mounts.map(({ destination }) => destination));
  const wanted = [
    { destination: '/etc/resolv.conf', source: resolvConf },
    { destination: '/etc/hostname', source: hostname },
    { destination: '/etc/hosts', source: hosts },
  ].filter(({ destination }) => !own.has(destination));
  const mounts: SpecMount[] = [];
  for (const { destination, source } of wanted) {
    const staged = await stageMount(run, { source, at: basename(source), recursive: false, isInside: true });
    mounts.push({ destination, source: staged, type: 'bind', options: ['rbind', 'rw', 'rprivate'] });
  }
  return mounts;
}
