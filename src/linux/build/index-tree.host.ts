import { createHash } from 'node:crypto';
import { closeSync, constants, lstatSync, openSync, readdirSync, readlinkSync, readSync, type Stats } from 'node:fs';
import { posix } from 'node:path';
import { KnownError } from '../../lib/errors.ts';
import { attributesText } from '../../oci/kept-attributes.ts';
import { readAttributes } from './attributes.host.ts';
import { checkCancelled } from './cancelling.host.ts';
import { MAX_ENTRIES } from './context-index.ts';
import type { TreeEntry } from './tree-entry.ts';

const MAX_LINKS = 40;
const CHUNK = Buffer.alloc(256 * 1024);

/**
 * What is at and below each path of the tree at `root` ('' is this thread's own root), and the folders and links on the way there; links are
 * followed inside the tree. Nothing for a path that is not there.
 */
export function* indexTree(root: string, paths: readonly string[], hash: boolean): Generator<TreeEntry> {
  const seen = new Set<string>();
  const first = new Map<string, string>();
  const look = (path: string): Stats | undefined =>
    lstatSync(path === '/' ? root || '/' : `${root}${path}`, { throwIfNoEntry: false });
  function* tell(path: string, stat: Stats): Generator<TreeEntry> {
    if (seen.has(path)) return;
    checkCancelled();
    if (seen.size >= MAX_ENTRIES) throw new KnownError('invalid_parameter', `${path}: too many files to copy`);
    seen.add(path);
    yield describe(path, path === '/' ? root || '/' : `${root}${path}`, stat, first, hash);
  }
  const walked = new Set<string>();
  function* walk(path: string): Generator<TreeEntry> {
    const stat = look(path);
    if (stat === undefined || walked.has(path)) return;
    walked.add(path);
    yield* tell(path, stat);
    if (!stat.isDirectory()) return;
    for (const name of readdirSync(path === '/' ? root || '/' : `${root}${path}`).sort())
      yield* walk(posix.join(path, name));
  }
  for (const path of paths) {
    const todo = path.split('/').toReversed();
    let at = '/';
    let links = 0;
    for (let part = todo.pop(); part !== undefined; part = todo.pop()) {
      if (part === '' || part === '.') continue;
      const next = part === '..' ? posix.dirname(at) : posix.join(at, part);
      const stat = look(next);
      if (stat === undefined) break;
      yield* tell(next, stat);
      if (!stat.isSymbolicLink()) at = next;
      else if (++links > MAX_LINKS) break;
      else {
        const target = readlinkSync(`${root}${next}`);
        if (target.startsWith('/')) at = '/';
        todo.push(...target.split('/').toReversed());
      }
    }
    yield* walk(at);
  }
}

function describe(path: string, at: string, stat: Stats, first: Map<string, string>, hash: boolean): TreeEntry {
  const type = stat.isFile() ? 'file' : stat.isDirectory() ? 'directory' : stat.isSymbolicLink() ? 'symlink' : 'other';
  return {
    path,
    type,
    mode: stat.mode & 0o7777,
    size: type === 'file' ? stat.size : 0,
    link: type === 'symlink' ? readlinkSync(at) : type === 'other' ? `${stat.mode}:${stat.rdev}` : '',
    hash: type === 'file' && hash ? hashFile(at) : '',
    xattrs: type === 'symlink' ? '' : attributesText(readAttributes(at)),
    sameAs: type === 'file' && stat.nlink > 1 ? firstPath(path, at, first) : '',
    mtime: stat.mtimeMs / 1000,
    offset: 0,
    owner: stat.uid === 0 && stat.gid === 0 ? '' : `${stat.uid}:${stat.gid}`,
  };
}

/** Inode numbers of an overlay need all 64 bits. */
function firstPath(path: string, at: string, first: Map<string, string>): string {
  const { dev, ino } = lstatSync(at, { bigint: true });
  const key = `${dev}:${ino}`;
  const known = first.get(key);
  if (known === undefined) first.set(key, path);
  return known ?? '';
}

function hashFile(path: string): string {
  const hash = createHash('sha256');
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    for (let got = readSync(fd, CHUNK); got > 0; got = readSync(fd, CHUNK)) hash.update(CHUNK.subarray(0, got));
  } finally {
    closeSync(fd);
  }
  return hash.digest('hex');
}
