import { closeSync, constants, fstatSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf, KnownError } from '../../lib/errors.ts';
import { attachMount, cloneMountAt, mapMountIds, openInRoot } from '../ffi/libc.host.ts';
import type { Mounter } from './mounter.ts';
import { openUserNamespace } from './user-namespace.host.ts';

/** O_PATH of open(2), which Node does not name. */
const O_PATH = 0x20_0000;

/** See Mounter.stage. The source is opened once and never looked up again: nobody who renames things meanwhile leads the mount astray. */
export const stage: Mounter['stage'] = async (source, target, { recursive, subpath, idMap }) => {
  using fds = new DisposableStack();
  const hold = (fd: number): number => {
    fds.defer(() => closeSync(fd));
    return fd;
  };
  const root = hold(openSync(source, O_PATH | constants.O_RDONLY));
  const place = subpath === undefined ? root : hold(openSubpath(root, subpath));
  const isFolder = fstatSync(place).isDirectory();
  const clone = hold(cloneMountAt(place, recursive));
  if (idMap) mapIds(clone, hold(await openUserNamespace(idMap)), recursive, source);
  mkdirSync(isFolder ? target : dirname(target), { recursive: true, mode: 0o700 });
  if (!isFolder) writeFileSync(target, '');
  attachMount(clone, target);
};

function openSubpath(root: number, subpath: string): number {
  try {
    return openInRoot(root, subpath);
  } catch (error) {
    const missing = ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '');
    if (missing) throw new KnownError('not_found', `cannot access path ${subpath}: no such file or directory`);
    throw error;
  }
}

function mapIds(clone: number, userns: number, recursive: boolean, source: string): void {
  try {
    mapMountIds(clone, userns, recursive);
  } catch (error) {
    if (errnoOf(error) === 'ENOSYS' || errnoOf(error) === 'EPERM')
      throw new KnownError('invalid_parameter', `idmap of ${source}: this kernel has no idmapped mounts (Linux 5.12)`);
    if (errnoOf(error) === 'EINVAL')
      throw new KnownError(
        'invalid_parameter',
        `idmap of ${source}: its file system, or one mounted below it, has no idmapped mounts`,
      );
    throw error;
  }
}
