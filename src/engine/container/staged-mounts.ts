import { join } from 'node:path';
import { isKind, messageOf } from '../../lib/errors.ts';
import type { IdMap } from '../../lib/id-map.ts';
import type { ContainerRecord, IdMapping, ImageMount, MountRecord } from '../../store/record/container-records.ts';
import type { ContainerContext } from './context.ts';
import { invalid } from './errors.ts';
import { swapIds } from './mount-mode.ts';
import { lookUpUser } from './spec/user.ts';
import { mapOnHost, type RunUserns } from './user-namespace.ts';

/** Mounts that are not simply bound by the runtime: they are made on the host first, below the container's run folder, and bound from there. */
function isStaged(mount: MountRecord): boolean {
  if (mount.kind === 'image') return true;
  return (
    mount.kind !== 'tmpfs' && (mount.idMapping !== undefined || ('subpath' in mount && mount.subpath !== undefined))
  );
}

/** A run of the container has more mounted on the host than its root. */
export function hasStages({ mounts, hostConfig }: Pick<ContainerRecord, 'mounts' | 'hostConfig'>): boolean {
  return mounts.some(isStaged) || (hostConfig.LocalSecrets ?? []).length > 0;
}

/** Names of a container's writable layers: its root's, which is its id, and one for each image that is mounted into it. */
export function writableLayers({ id, mounts }: Pick<ContainerRecord, 'id' | 'mounts'>): readonly string[] {
  return [id, ...mounts.flatMap((mount, at) => (mount.kind === 'image' ? [imageLayer(id, at)] : []))];
}

export function imageLayer(id: string, at: number): string {
  return `${id}.${at}`;
}

/** The run that mounts are made ready for; what is undone later goes on `undo`. */
export interface MountingRun {
  readonly ctx: ContainerContext;
  readonly record: ContainerRecord;
  readonly accounts: { readonly passwd: string; readonly group: string };
  readonly userns: RunUserns | undefined;
  readonly undo: AsyncDisposableStack;
}

/** What a stage is made of. */
export interface StageRequest {
  readonly source: string;
  /** Which of the container's mounts it is for, or a name. */
  readonly at: number | string;
  readonly recursive: boolean;
  readonly subpath?: string;
  readonly idMapping?: IdMapping;
  /** Its numbers of users and groups are those of the inside. */
  readonly isInside: boolean;
}

/** Makes a stage unless none is needed; returns what the runtime binds. */
export async function stageMount(run: MountingRun, request: StageRequest): Promise<string> {
  const { ctx, record, userns, undo } = run;
  const { source, at, recursive, subpath, idMapping, isInside } = request;
  const ids = idMapping
    ? mapOnHost(toIdMap(run, source, idMapping), userns)
    : isInside && userns
      ? userns.path
      : undefined;
  if (subpath === undefined && !ids) return source;
  const target = join(ctx.bundles.paths(record.id).stages, String(at));
  await ctx.mounter.stage(source, target, {
    recursive,
    ...(subpath !== undefined && { subpath }),
    ...(ids && { ids }),
  });
  undo.defer(() => ctx.mounter.unmount(target, { lazy: true }));
  return target;
}

/** Mounts an image, with a layer of the container's own on top; returns its folder. */
export function mountImage({ ctx, record: { id }, userns, undo }: MountingRun, at: number): string {
  const target = join(ctx.bundles.paths(id).stages, `${at}.image`);
  ctx.bundles.ensureFolder(target);
  ctx.mounter.overlay(target, ctx.layers.rootfs(imageLayer(id, at)), userns && { userns });
  undo.defer(() => ctx.mounter.unmount(target, { lazy: true }));
  return target;
}

function toIdMap({ ctx, record: { config }, accounts }: MountingRun, source: string, mapping: IdMapping): IdMap {
  if (mapping.kind === 'ranges') return mapping;
  const owner = ctx.bundles.ownerOf(source);
  if (!owner) throw invalid(`idmap of ${source}: it does not exist`);
  const user = lookUpUser(config.User ?? '', accounts);
  return { uids: swapIds(owner.uid, user.uid), gids: swapIds(owner.gid, user.gid) };
}

/** Makes the writable layers of the images that are mounted. */
export async function createImageLayers(
  ctx: ContainerContext,
  { id, mounts }: ContainerRecord,
  undo: AsyncDisposableStack,
): Promise<void> {
  for (const [at, mount] of mounts.entries()) {
    if (mount.kind !== 'image') continue;
    undo.defer(() => ctx.layers.removeWritable(imageLayer(id, at)));
    await ctx.layers.createWritable(imageLayer(id, at), mount.chain as ImageChain);
  }
}

type ImageChain = Parameters<ContainerContext['layers']['createWritable']>[1];

/** The images of image mounts, looked up. Errors: invalid_parameter for one that is not there. */
export async function resolveImages(
  ctx: Pick<ContainerContext, 'images'>,
  mounts: readonly MountRecord[],
): Promise<readonly MountRecord[]> {
  return await Promise.all(
    mounts.map(async (mount): Promise<MountRecord> => {
      if (mount.kind !== 'image') return mount;
      const { id, manifest, chain } = await ctx.images.resolve(mount.source).catch((error: unknown) => {
        // A client takes not_found for the container's own image.
        throw isKind(error, 'not_found') ? invalid(messageOf(error)) : error;
      });
      const resolved: ImageMount = { ...mount, image: { id, manifest: manifest.digest }, chain };
      return resolved;
    }),
  );
}
