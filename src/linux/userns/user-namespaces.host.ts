import { closeSync, openSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf, KnownError, wrapError } from '../../lib/errors.ts';
import type { IdMap, IdMapRange } from '../../lib/id-map.ts';
import { cloneMount, mapMountIds, mount } from '../ffi/libc.host.ts';
import { MS } from '../mount/mount-flags.ts';
import { withHeldProcess } from './held-process.host.ts';
import { removeNamespaceFile } from './namespace-file.host.ts';
import type { UserNamespaces } from './user-namespaces.ts';

export function createUserNamespaces(): UserNamespaces {
  return {
    async create(path, map) {
      closeSync(openSync(path, 'wx', 0o444));
      await withUserNamespace(map, (file) => mount(file, path, 'none', MS.BIND));
    },
    remove: removeNamespaceFile,
    identityOf: (pid) => readlinkSync(`/proc/${pid}/ns/user`),
    requirePassage(folder) {
      for (let at = folder; at !== '/'; at = dirname(at))
        if (!(statSync(at).mode & 0o001))
          throw new KnownError('system', `userns-remap: the users of containers do not get through ${at} (chmod o+x)`);
    },
    async requireMapping(folder) {
      const userns = await openUserNamespace({ uids: [NOBODY], gids: [NOBODY] });
      try {
        const clone = cloneMount(folder, false);
        try {
          mapClone(clone, userns, { what: folder, recursive: false });
        } finally {
          closeSync(clone);
        }
      } finally {
        closeSync(userns);
      }
    },
  };
}

const NOBODY: IdMapRange = { disk: 0, seen: 65_534, count: 1 };

/** A descriptor of a user namespace that maps ids so. It lives as long as that, or a mount that uses it. Errors: system. */
export async function openUserNamespace(map: IdMap): Promise<number> {
  return await withUserNamespace(map, (file) => openSync(file, 'r'));
}

async function withUserNamespace<T>({ uids, gids }: IdMap, work: (file: string) => T): Promise<T> {
  try {
    return await withHeldProcess(['unshare', '--user'], (pid) => {
      writeFileSync(`/proc/${pid}/uid_map`, formatMap(uids));
      writeFileSync(`/proc/${pid}/gid_map`, formatMap(gids));
      return work(`/proc/${pid}/ns/user`);
    });
  } catch (error) {
    throw wrapError(error, 'making a user namespace');
  }
}

/** Lines of user_namespaces(7): the disk's id is the one inside, what is seen is the one outside. */
function formatMap(ranges: readonly IdMapRange[]): string {
  return ranges.map(({ disk, seen, count }) => `${disk} ${seen} ${count}\n`).join('');
}

/** mount_setattr(2) on a mount that is nowhere yet. Errors: invalid_parameter when kernel or file system cannot. */
export function mapClone(
  clone: number,
  userns: number,
  { what, recursive }: { readonly what: string; readonly recursive: boolean },
): void {
  try {
    mapMountIds(clone, userns, recursive);
  } catch (error) {
    if (errnoOf(error) === 'ENOSYS' || errnoOf(error) === 'EPERM')
      throw new KnownError('invalid_parameter', `idmap of ${what}: this kernel has no idmapped mounts (Linux 5.12)`);
    if (errnoOf(error) === 'EINVAL')
      throw new KnownError(
        'invalid_parameter',
        `idmap of ${what}: its file system, or one mounted below it, has no idmapped mounts`,
      );
    throw error;
  }
}
