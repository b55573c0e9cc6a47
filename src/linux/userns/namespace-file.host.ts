import { rmSync } from 'node:fs';
import { errnoOf } from '../../lib/errors.ts';
import { MNT_DETACH, unmount } from '../ffi/libc.host.ts';

/** Lets a namespace go that is kept alive by a bind mount on a file. Fine when it is gone. */
export function removeNamespaceFile(path: string): void {
  try {
    unmount(path, MNT_DETACH);
  } catch (error) {
    if (errnoOf(error) !== 'EINVAL' && errnoOf(error) !== 'ENOENT') throw error;
  }
  rmSync(path, { force: true });
}
