import { lstatSync, readdirSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { KnownError } from '../../lib/errors.ts';
import { packTree } from '../../lib/tar/pack.ts';
import type { NewTarEntry } from '../../lib/tar/writer.ts';
import { lgetxattr, llistxattr } from '../ffi/libc.host.ts';
import type { FileChange } from './container-files.ts';
import { layerXattrsOf } from './stat.host.ts';

/** What the engine and the runtime put into every container, to mount on: no change of the container's (moby: the init layer). */
const MOUNT_POINTS = new Set(
  '/proc /sys /dev/pts /dev/shm /dev/mqueue /dev/console /etc/resolv.conf /etc/hosts /etc/hostname /.dockerenv /dev/init /sbin/docker-init'
    .split(' ')
    .concat(
      'null zero full tty urandom random fd stdin stdout stderr ptmx core'.split(' ').map((name) => `/dev/${name}`),
    ),
);

/** Folders they are in, made when an image does not have them. */
const MOUNT_PARENTS = new Set(['/dev', '/etc', '/sbin']);

/**
 * How the writable layer at `upper` changes the tree at `lower`, in the order of paths. Overlayfs marks what is removed by character devices
 * 0/0, and folders that hide what is below by an attribute (kernel doc, overlayfs.rst). A folder that is there on both sides alike is no
 * change by itself, but is named when something in it is.
 */
export function findChanges(upper: string, lower: string): readonly FileChange[] {
  const changes: FileChange[] = [];
  const named = new Set<string>(['/']);
  const walk = (path: string): void => {
    for (const name of readdirSync(`${upper}${path}`).sort()) {
      const at = path === '/' ? `/${name}` : `${path}/${name}`;
      const stat = lstatSync(`${upper}${at}`, { throwIfNoEntry: false });
      if (stat === undefined || isMountPoint(at, stat)) continue;
      const below = lstatBelow(`${lower}${at}`);
      if (isWhiteout(stat)) {
        if (below) add(at, 'deleted');
        continue;
      }
      const kind = below ? 'modified' : 'added';
      const made = !below && MOUNT_PARENTS.has(at) && stat.isDirectory();
      if (!made && (!stat.isDirectory() || !below?.isDirectory() || isChanged(stat, below, upper, at))) add(at, kind);
      if (!stat.isDirectory()) continue;
      if (below?.isDirectory() && isOpaque(`${upper}${at}`)) hidden(at);
      walk(at);
    }
  };
  /** Everything of a hidden folder that was not made anew is gone. */
  const hidden = (path: string): void => {
    for (const name of readdirSync(`${lower}${path}`).sort())
      if (!lstatSync(`${upper}${path}/${name}`, { throwIfNoEntry: false })) add(`${path}/${name}`, 'deleted');
  };
  const add = (path: string, kind: FileChange['kind']): void => {
    const parent = dirname(path);
    for (const change of [{ path: parent, kind: 'modified' } as const, { path, kind }]) {
      if (named.has(change.path)) continue;
      named.add(change.path);
      changes.push(change);
    }
  };
  walk('/');
  return changes.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The writable layer as an OCI layer: whiteouts by their names (image-spec layer.md, "Whiteouts"). */
export function packLayer(upper: string, lower: string): Iterable<Uint8Array<ArrayBuffer>> {
  const toInside = (path: string): string => path.slice(upper.length) || '/';
  return packTree(
    { path: upper, name: '' },
    {
      xattrsOf: layerXattrsOf,
      map(path, entry, stat) {
        const inside = toInside(path);
        if (isMountPoint(inside, stat)) return undefined;
        if (isWhiteout(stat)) return lstatBelow(`${lower}${inside}`) ? toWhiteout(entry) : undefined;
        if (stat.isDirectory()) return keepsFolder(path, inside, stat, upper, lower) ? entry : undefined;
        return entry;
      },
      before(path, name) {
        if (!stillBelow(`${lower}${toInside(path)}`) || !isOpaque(path)) return [];
        return [{ name: `${name}/.wh..wh..opq`, type: 'file', mode: 0o600 }];
      },
    },
  );
}

/** A folder that is as it was and holds nothing but mount points does not belong to the layer. */
function keepsFolder(path: string, inside: string, stat: Stats, upper: string, lower: string): boolean {
  const attributes = llistxattr(path);
  if (attributes.includes('trusted.overlay.redirect'))
    throw new KnownError('not_implemented', `${inside}: a folder renamed by overlayfs itself cannot be committed`);
  const below = lstatBelow(`${lower}${inside}`);
  const made = !below && MOUNT_PARENTS.has(inside);
  if (inside === '/' || (!made && (!below?.isDirectory() || !isAlike(stat, below) || isOpaque(path)))) return true;
  return readdirSync(path).some((name) => {
    const child = lstatSync(`${path}/${name}`, { throwIfNoEntry: false });
    const at = inside === '/' ? `/${name}` : `${inside}/${name}`;
    if (child === undefined || isMountPoint(at, child)) return false;
    return !child.isDirectory() || keepsFolder(`${path}/${name}`, at, child, upper, lower);
  });
}

function toWhiteout(entry: NewTarEntry): NewTarEntry {
  const slash = entry.name.lastIndexOf('/') + 1;
  const name = `${entry.name.slice(0, slash)}.wh.${entry.name.slice(slash)}`;
  return { name, type: 'file', mode: 0o600, mtime: entry.mtime ?? 0 };
}

function lstatBelow(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // a part of the path is no folder there
  }
}

function stillBelow(path: string): boolean {
  return lstatBelow(path)?.isDirectory() === true;
}

function isWhiteout(stat: Stats): boolean {
  return stat.isCharacterDevice() && stat.rdev === 0;
}

function isMountPoint(path: string, stat: Stats): boolean {
  if (!MOUNT_POINTS.has(path)) return false;
  if (stat.isDirectory()) return stat.nlink <= 2;
  return stat.size === 0 || stat.isSymbolicLink();
}

function isOpaque(path: string): boolean {
  if (!llistxattr(path).includes('trusted.overlay.opaque')) return false;
  return Buffer.from(lgetxattr(path, 'trusted.overlay.opaque')).toString('latin1') === 'y';
}

function isAlike(a: Stats, b: Stats): boolean {
  return a.mode === b.mode && a.uid === b.uid && a.gid === b.gid;
}

/** A folder on both sides. That mount points were made in it is no change of its time. */
function isChanged(stat: Stats, below: Stats, upper: string, path: string): boolean {
  if (!isAlike(stat, below)) return true;
  if (Math.floor(stat.mtimeMs) === Math.floor(below.mtimeMs)) return false;
  return !readdirSync(`${upper}${path}`).some((name) => MOUNT_POINTS.has(`${path}/${name}`));
}
