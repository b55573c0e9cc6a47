import { join, posix } from 'node:path';
import type { HostConfig } from '../../api/types/container.ts';
import { ownerSeen } from '../../lib/id-map.ts';
import type { ContainerRecord } from '../../store/record/container-records.ts';
import type { ContainerContext } from './context.ts';
import { invalid } from './errors.ts';
import type { SpecMount } from './spec-input.ts';
import type { RunUserns } from './user-namespace.ts';

const FOLDER = '/run/secrets';
const ID_MAX = 0xffff_fffe;
/** Room for the secrets of one container. */
const TMPFS_BYTES = 16 * 1024 * 1024;

/** A secret as a container sees it. */
interface SecretFile {
  readonly source: string;
  /** Absolute. */
  readonly path: string;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** Checks HostConfig.LocalSecrets. Errors: invalid_parameter. */
export function planSecrets(host: HostConfig): readonly SecretFile[] {
  const files = (host.LocalSecrets ?? []).map((given): SecretFile => {
    const { Source: source = '', Target: target = source, UID = '0', GID = '0', Mode: mode = 0o444 } = given ?? {};
    const path = posix.resolve(FOLDER, target);
    const ids = [UID, GID].map((text) => (/^\d{1,10}$/.test(text) ? Number(text) : Number.NaN));
    const [uid = Number.NaN, gid = Number.NaN] = ids;
    if (source === '') throw invalid('invalid secret: Source must not be empty');
    if (target.includes('\0') || path === '/' || path === FOLDER)
      throw invalid(`invalid secret ${source}: '${target}' is no place for a file`);
    if (!(uid <= ID_MAX && gid <= ID_MAX)) throw invalid(`invalid secret ${source}: UID and GID must be numbers`);
    if (mode < 0 || mode > 0o7777) throw invalid(`invalid secret ${source}: invalid Mode`);
    return { source, path, uid, gid, mode };
  });
  const paths = files.map(({ path }) => path);
  const twice = paths.find((path, at) => paths.indexOf(path) !== at);
  if (twice !== undefined) throw invalid(`Duplicate mount point: ${twice}`);
  return files;
}

/** What is bound for the secrets of a run: files on a tmpfs, which never reach a disk. Errors: invalid_parameter for one that is gone. */
export function prepareSecrets(
  ctx: ContainerContext,
  { id, hostConfig }: ContainerRecord,
  userns: RunUserns | undefined,
  undo: AsyncDisposableStack,
): readonly SpecMount[] {
  const files = planSecrets(hostConfig);
  if (files.length === 0) return [];
  const root = ctx.bundles.paths(id).secrets;
  ctx.bundles.ensureFolder(root);
  ctx.mounter.tmpfs(root, { sizeBytes: TMPFS_BYTES, mode: 0o755, swap: false });
  undo.defer(() => ctx.mounter.unmount(root, { lazy: true }));
  const bind = (source: string, destination: string): SpecMount => ({
    destination,
    type: 'bind',
    source,
    options: ['rbind', 'ro', 'rprivate', 'nosuid', 'nodev', 'noexec'],
  });
  const isOwn = (path: string): boolean => path.startsWith(`${FOLDER}/`);
  const mounts = files.map(({ path, ...file }, at): readonly SpecMount[] => {
    requireSecret(ctx, file.source);
    const place = isOwn(path) ? join(root, 'run', path.slice(FOLDER.length)) : join(root, String(at));
    ctx.bundles.writeSecret(place, ctx.secrets.reveal(file.source), {
      ...file,
      ...(userns && ownerSeen(userns.map, file)),
    });
    return isOwn(path) ? [] : [bind(place, path)];
  });
  return [...(files.some(({ path }) => isOwn(path)) ? [bind(join(root, 'run'), FOLDER)] : []), ...mounts.flat()];
}

/** Errors: invalid_parameter, since a client takes not_found for a missing image. */
export function requireSecret({ secrets }: Pick<ContainerContext, 'secrets'>, name: string): void {
  if (!secrets.has(name)) throw invalid(`secret not found: ${name}`);
}
