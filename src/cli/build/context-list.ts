import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import type { SentFile } from '../../api/build-session/file-stream.ts';
import type { ListedFile } from '../../api/build-session/messages.ts';
import { createIgnoreMatcher } from '../../build/ignore/matcher.ts';
import { errnoOf, KnownError } from '../../lib/errors.ts';
import { readAttributes } from '../../linux/build/attributes.host.ts';
import { attributesText } from '../../oci/kept-attributes.ts';

/**
 * What is below a folder and not ignored, folders before what is in them, names in order; sockets, pipes and devices are left out. Only looks: of no
 * file more is read than what lstat(2) tells. Errors: of the file system; invalid_parameter for a name that is no UTF-8.
 */
export function listContext(root: string, ignorePatterns: readonly string[]): readonly ListedFile[] {
  const ignore = createIgnoreMatcher(ignorePatterns);
  const list: ListedFile[] = [];
  const links = new Map<string, string>();

  const emitted = new Set<ListedFile>();

  const emit = (entries: readonly ListedFile[]): void => {
    for (const entry of entries) {
      if (!emitted.has(entry)) list.push(entry);
      if (entry[1] === 'd') emitted.add(entry);
    }
  };
  const visit = (name: string, folders: readonly ListedFile[]): void => {
    const path = `${root}/${name}`;
    const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined) return;
    const ignored = ignore.matches(name);
    const mode = Number(stat.mode & 0o7777n);
    const mtime = Math.max(0, Number(stat.mtimeNs / 1000n) / 1e6);
    if (stat.isDirectory()) {
      // below an ignored folder something may be wanted: then the folder is walked, and comes along
      if (ignored && !ignore.hasExceptions) return;
      const above: readonly ListedFile[] = [...folders, listedFolder(name, path, mode, mtime)];
      if (!ignored) emit(above);
      return walk(name, above);
    }
    if (ignored) return;
    const entry = toListed(name, path, stat, mode, mtime, links);
    if (entry !== undefined) emit([...folders, entry]);
  };
  const walk = (folder: string, above: readonly ListedFile[]): void => {
    for (const child of namesIn(folder === '' ? root : `${root}/${folder}`))
      visit(folder === '' ? child : `${folder}/${child}`, above);
  };
  walk('', []);
  return list;
}

type BigStat = NonNullable<ReturnType<typeof statOf>>;

function statOf(path: string) {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false });
}

function listedFolder(name: string, path: string, mode: number, mtime: number): ListedFile {
  const attributes = attributesAt(path);
  return attributes === '' ? [name, 'd', mode, 0, mtime, ''] : [name, 'd', mode, 0, mtime, '', attributes];
}

/** '' also when nothing is there any more. */
function attributesAt(path: string): string {
  try {
    return attributesText(readAttributes(path));
  } catch (error) {
    if (['ENOENT', 'ENODATA', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return '';
    throw error;
  }
}

function toListed(
  name: string,
  path: string,
  stat: BigStat,
  mode: number,
  mtime: number,
  links: Map<string, string>,
): ListedFile | undefined {
  if (stat.isSymbolicLink()) return [name, 'l', 0o777, 0, mtime, readlinkSync(path)];
  if (!stat.isFile()) return undefined;
  const size = Number(stat.size);
  if (stat.nlink > 1n) {
    const inode = `${stat.dev}:${stat.ino}`;
    const first = links.get(inode);
    if (first !== undefined) return [name, 'h', mode, size, mtime, first];
    links.set(inode, name);
  }
  return [name, 'f', mode, size, mtime, `${stat.mtimeNs} ${stat.ctimeNs} ${stat.ino}`];
}

function namesIn(path: string): readonly string[] {
  try {
    const names = readdirSync(path).sort();
    const odd = names.find((name) => name.includes('\uFFFD'));
    if (odd !== undefined)
      throw new KnownError('invalid_parameter', `${path}/${odd}: names that are no UTF-8 cannot be sent`);
    return names;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

const PIECE_BYTES = 60 * 1024;

/** A file's content and attributes; undefined when there is none any more. No link is followed, no pipe waited for. */
export function readContextFile(path: string): SentFile<Generator<Uint8Array>> | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (['ENOENT', 'ELOOP', 'ENXIO', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
  if (fstatSync(fd).isFile()) return { attributes: attributesAt(path), content: pieces(fd) };
  closeSync(fd);
  return undefined;
}

function* pieces(fd: number): Generator<Uint8Array> {
  try {
    for (;;) {
      const piece = Buffer.allocUnsafe(PIECE_BYTES);
      const got = readSync(fd, piece, 0, piece.length, null);
      if (got === 0) return;
      yield piece.subarray(0, got);
    }
  } finally {
    closeSync(fd);
  }
}
