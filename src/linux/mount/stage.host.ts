import { closeSync, constants, fstatSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf, KnownError } from '../../lib/errors.ts';
import type { IdMap } from '../../lib/id-map.ts';
import { attachMount, cloneMountAt, openInRoot } from '../ffi/libc.host.ts';
import { mapClone, openUserNamespace } from '../userns/user-namespaces.host.ts';
import type { Mounter } from './mounter.ts';

/** O_PATH of open(2), which Node does not name. */
const O_PATH = 0x20_0000;

/** See Mounter.stage. The source is opened once and never looked up again: nobody who renames things meanwhile leads the mount astray. */
export const stage: Mounter['stage'] = async (source, target, { recursive, subpath, ids }) => {
  using fds = new DisposableStack();
  const hold = (fd: number): number => {
    fds.defer(() => closeSync(fd));
    return fd;
  };
  const root = hold(openSync(source, O_PATH | constants.O_RDONLY));
  const place = subpath === undefined ? root : hold(openSubpath(root, subpath));
  const isFolder = fstatSync(place).isDirectory();
  const clone = hold(cloneMountAt(place, recursive));
  if (ids) mapClone(clone, hold(await openIds(ids)), { what: source, recursive });
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

/** A namespace with those numbers, or the one of a file. */
async function openIds(ids: IdMap | string): Promise<number> {
  return typeof ids === 'string' ? openSync(ids, 'r') : await openUserNamespace(ids);
}
