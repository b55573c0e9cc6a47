import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { KnownError } from '../../lib/errors.ts';
import { tryLock } from '../../linux/ffi/libc.host.ts';

/** Beside `docker/`. */
export const LOCK_FILE = '.lock';

/**
 * Takes a root for this process alone, until disposed of or until the process ends, however it does (flock(2)); creates the root.
 * Errors: conflict when another process has it.
 */
export function lockRoot(root: string): Disposable {
  mkdirSync(root, { recursive: true });
  const fd = openSync(join(root, LOCK_FILE), 'a');
  if (!tryLock(fd)) {
    closeSync(fd);
    throw new KnownError('conflict', `${root} is served by another process`);
  }
  return { [Symbol.dispose]: () => closeSync(fd) };
}
