import { posix } from 'node:path';
import type { Mount } from '../../api/types/container.ts';
import { messageOf } from '../../lib/errors.ts';
import { invalid } from './errors.ts';
import { PROPAGATIONS } from './mount-mode.ts';

const missing = (field: string): string => `field ${field} must not be empty`;
const extra = (field: string): string => `field ${field} must not be specified`;

/** What Docker asks of an entry of HostConfig.Mounts, in its order and words. Errors: invalid_parameter. */
export function checkMount(mount: Mount): void {
  const reason = refusal(mount);
  if (reason !== undefined) throw invalid(`invalid mount config for type "${mount.Type ?? ''}": ${reason}`);
}

/** A place in a container. Errors: invalid_parameter. */
export function checkPath(path: string): void {
  if (posix.normalize(path) === '/') throw invalid("invalid specification: destination can't be '/'");
  if (!path.startsWith('/')) throw invalid(`invalid mount path: '${path}' mount path must be absolute`);
  if (path.includes('\0')) throw invalid('invalid mount path: it holds a null byte');
}

function refusal(mount: Mount): string | undefined {
  if (!mount.Target) return missing('Target');
  try {
    checkPath(mount.Target);
  } catch (error) {
    return messageOf(error);
  }
  if (mount.Source?.includes('\0')) return 'invalid mount path: it holds a null byte';
  switch (mount.Type) {
    case 'bind':
      return refuseBind(mount);
    case 'volume':
      return refuseVolume(mount);
    case 'tmpfs':
      return refuseTmpfs(mount);
    case 'image':
      return refuseImage(mount);
    default:
      return 'mount type unknown';
  }
}

/** The first of the option groups that is there and does not belong to the mount's type. */
function foreign(mount: Mount, own: keyof Mount): string | undefined {
  const groups = ['BindOptions', 'VolumeOptions', 'TmpfsOptions', 'ImageOptions'] as const;
  const wrong = groups.find((name) => name !== own && mount[name] !== undefined && mount[name] !== null);
  return wrong === undefined ? undefined : extra(wrong);
}

function refuseBind(mount: Mount): string | undefined {
  if (!mount.Source) return missing('Source');
  const options = mount.BindOptions ?? {};
  if (options.Propagation && !PROPAGATIONS.includes(options.Propagation))
    return `invalid propagation mode: ${options.Propagation}`;
  const wrong = foreign(mount, 'BindOptions');
  if (wrong) return wrong;
  if (!mount.Source.startsWith('/')) return `invalid mount path: '${mount.Source}' mount path must be absolute`;
  return conflict(mount);
}

function conflict({ ReadOnly, BindOptions }: Mount): string | undefined {
  const { ReadOnlyNonRecursive: below, ReadOnlyForceRecursive: force, NonRecursive, Propagation } = BindOptions ?? {};
  if (!ReadOnly && below) return 'mount options conflict: !ReadOnly && BindOptions.ReadOnlyNonRecursive';
  if (!ReadOnly && force) return 'mount options conflict: !ReadOnly && BindOptions.ReadOnlyForceRecursive';
  if (below && force) return 'mount options conflict: ReadOnlyNonRecursive && BindOptions.ReadOnlyForceRecursive';
  if (force && NonRecursive)
    return 'mount options conflict: BindOptions.NonRecursive && BindOptions.ReadOnlyForceRecursive';
  if (force && Propagation && Propagation !== 'rprivate')
    return 'mount options conflict: BindOptions.Propagation != rprivate && BindOptions.ReadOnlyForceRecursive';
  return undefined;
}

function refuseVolume(mount: Mount): string | undefined {
  const wrong = foreign(mount, 'VolumeOptions');
  if (wrong) return wrong;
  const subpath = mount.VolumeOptions?.Subpath;
  if (subpath && !mount.Source) return 'must not set Subpath when using anonymous volumes';
  if (subpath && !isLocal(subpath)) return 'subpath must be a relative path within the volume';
  if (mount.ReadOnly && !mount.Source) return 'must not set ReadOnly mode when using anonymous volumes';
  return undefined;
}

function refuseTmpfs(mount: Mount): string | undefined {
  const wrong = foreign(mount, 'TmpfsOptions');
  if (wrong) return wrong;
  if (mount.Source) return extra('Source');
  for (const option of mount.TmpfsOptions?.Options ?? []) {
    if (option.length < 1 || option.length > 2) return 'invalid option array length';
    if (option[0] !== 'exec' && option[0] !== 'noexec') return `invalid option: ${option[0]}`;
  }
  return undefined;
}

function refuseImage(mount: Mount): string | undefined {
  const wrong = foreign(mount, 'ImageOptions');
  if (wrong) return wrong;
  if (!mount.Source) return missing('Source');
  const subpath = mount.ImageOptions?.Subpath;
  return subpath && !isLocal(subpath) ? 'subpath must be a relative path within the volume' : undefined;
}

/** Go's filepath.IsLocal: relative, and never above where it begins. */
function isLocal(path: string): boolean {
  const clean = posix.normalize(path);
  return path !== '' && !path.startsWith('/') && !path.includes('\0') && clean !== '..' && !clean.startsWith('../');
}
