import { lstatSync, statSync } from 'node:fs';
import { errnoOf, KnownError } from '../../lib/errors.ts';
import { type IdMap, type Owner, ownerSeen } from '../../lib/id-map.ts';
import { createExtractor } from '../../lib/tar/extract.ts';
import type { TarHeader } from '../../lib/tar/header.ts';
import { lsetxattr, makeDevice, mknod } from '../ffi/libc.host.ts';
import { resolveInRoot } from '../runtime/rooted-path.host.ts';
import { mapOf } from './view.ts';
import type { Work } from './work.ts';

type WriteTask = Extract<Work['task'], { kind: 'write' }>;

/** Where an archive goes, below this thread's root. Errors: not_found, invalid_parameter in Docker's words. */
export function openTarget(
  { view, path, keepKinds, owner, readOnly }: WriteTask,
  accounts: { readonly passwd: string; readonly group: string },
): ReturnType<typeof createExtractor> {
  const folder = resolveInRoot('/', path);
  lstatSync(folder);
  if (!statSync(folder).isDirectory()) throw new KnownError('invalid_parameter', 'extraction point is not a directory');
  const bind = view.binds.findLast((one) => isBelow(folder, one.destination));
  if (bind?.readOnly) throw new KnownError('invalid_parameter', 'mounted volume is marked read-only');
  if (!bind && readOnly) throw new KnownError('invalid_parameter', 'container rootfs is marked read-only');
  return createExtractor({
    folder,
    keepKinds,
    owner: ownerRule(owner === undefined ? undefined : findOwner(owner, accounts), mapOf(view)),
    makeNode,
    setXattrs,
  });
}

/** One owner or the archive's, as they are written through the root. */
function ownerRule(one: Owner | undefined, map: IdMap | undefined): (archived: Owner) => Owner {
  return (archived) => (map ? ownerSeen(map, one ?? archived) : (one ?? archived));
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

const S_IFCHR = 0o020000;
const S_IFBLK = 0o060000;
const S_IFIFO = 0o010000;

function makeNode(path: string, header: TarHeader): void {
  if (header.type === 'fifo') return mknod(path, S_IFIFO, 0);
  const kind = header.type === 'block' ? S_IFBLK : S_IFCHR;
  mknod(path, kind, makeDevice(header.deviceMajor, header.deviceMinor));
}

/** Linux has one number for the first two. */
const UNSUPPORTED: ReadonlySet<string> = new Set(['ENOTSUP', 'EOPNOTSUPP', 'EPERM']);

/** Attributes of overlayfs itself would forge whiteouts. What the file system does not take is left out. */
function setXattrs(path: string, xattrs: TarHeader['xattrs']): void {
  for (const [name, value] of Object.entries(xattrs)) {
    if (name.startsWith('trusted.')) continue;
    try {
      lsetxattr(path, name, value);
    } catch (error) {
      if (!UNSUPPORTED.has(errnoOf(error) ?? '')) throw error;
    }
  }
}

/** `user[:group]`, names or numbers, by the container's own files. Errors: invalid_parameter for a name it does not have. */
function findOwner(
  text: string,
  { passwd, group }: { readonly passwd: string; readonly group: string },
): { readonly uid: number; readonly gid: number } {
  const [user = '', asGroup] = text.split(':', 2);
  const row = rows(passwd).find(([name, , id]) => name === user || id === user);
  const uid = row ? Number(row[2]) : toId(user, 'user');
  if (!asGroup) return { uid, gid: row ? Number(row[3]) : 0 };
  const found = rows(group).find(([name, , id]) => name === asGroup || id === asGroup);
  return { uid, gid: found ? Number(found[2]) : toId(asGroup, 'group') };
}

function rows(text: string): readonly (readonly string[])[] {
  return text.split('\n').map((line) => line.split(':'));
}

function toId(text: string, what: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new KnownError('invalid_parameter', `unable to find ${what} ${text}: no matching entries in the container`);
}
