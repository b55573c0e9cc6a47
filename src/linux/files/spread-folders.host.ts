import { closeSync, openSync } from 'node:fs';
import { errnoOf } from '../../lib/errors.ts';
import { readInodeFlags, setInodeFlags } from '../ffi/libc.host.ts';

/** chattr(1), attribute T. */
const TOP_OF_HIERARCHIES = 0x20000;

/**
 * Tells the file system that folders made in this one have nothing to do with each other. ext4 begins each in another block group then, and puts what is
 * below there too. Else all of them share a group, where a file that is made takes up to a millisecond while inodes that were freed in the last
 * half minute are passed over (fs/ext4/ialloc.c, recently_deleted). Other file systems are left as they are.
 */
export function spreadFolders(path: string): void {
  const fd = openSync(path, 'r');
  try {
    const flags = readInodeFlags(fd);
    if ((flags & TOP_OF_HIERARCHIES) === 0) setInodeFlags(fd, flags | TOP_OF_HIERARCHIES);
  } catch (error) {
    if (!['ENOTTY', 'EOPNOTSUPP', 'ENOTSUP', 'EINVAL', 'EPERM'].includes(errnoOf(error) ?? '')) throw error;
  } finally {
    closeSync(fd);
  }
}
