import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  type Stats,
} from 'node:fs';
import { errnoOf, KnownError } from '../errors.ts';
import type { TarEntryType } from './header.ts';
import { type NewTarEntry, tarEnd, tarHeader, tarPadding } from './writer.ts';

/** What goes into an archive, and what is added to or left out of it. */
export interface PackOptions {
  /** Extended attributes to keep of a path; default: none. */
  readonly xattrsOf?: (path: string) => Readonly<Record<string, Uint8Array>>;
  /** Says what becomes of an entry before it is written: undefined leaves it (and what is below it) out. Default: as it is. */
  readonly map?: (path: string, entry: NewTarEntry, stat: Stats) => NewTarEntry | undefined;
  /** Entries to put before those of a folder, e.g. an opaque mark. */
  readonly before?: (path: string, name: string) => readonly NewTarEntry[];
  /** Leaves the archive without its end, for more to follow. */
  readonly open?: boolean;
}

const CHUNK_BYTES = 256 * 1024;

/**
 * The archive of a file, link or folder with all that is below it, by synchronous calls, in chunks of at most 256 KiB that belong to the
 * reader. `name` is what the root is called in the archive; an empty one leaves the root itself out, so that its children stand without a
 * folder. Children come in the order of their names; times are whole seconds; later names of one file are hard links; sockets are left out,
 * and so is what vanishes meanwhile. A file that shrinks is filled with zeros.
 * Errors: of the file system, with the path; invalid_parameter for a name that is no UTF-8.
 */
export function* packTree(
  root: { readonly path: string; readonly name: string },
  options: PackOptions = {},
): Generator<Uint8Array<ArrayBuffer>> {
  const links = new Map<string, string>();
  let chunk = new Uint8Array(CHUNK_BYTES);
  let filled = 0;
  function* flush(): Generator<Uint8Array<ArrayBuffer>> {
    if (filled === 0) return;
    const full = chunk.subarray(0, filled);
    chunk = new Uint8Array(CHUNK_BYTES);
    filled = 0;
    yield full;
  }
  function* put(bytes: Uint8Array): Generator<Uint8Array<ArrayBuffer>> {
    for (let at = 0; at < bytes.length; ) {
      const piece = bytes.subarray(at, at + CHUNK_BYTES - filled);
      chunk.set(piece, filled);
      filled += piece.length;
      at += piece.length;
      if (filled === CHUNK_BYTES) yield* flush();
    }
  }
  function* content(fd: number, size: number): Generator<Uint8Array<ArrayBuffer>> {
    for (let left = size; left > 0; ) {
      const wanted = Math.min(left, CHUNK_BYTES - filled);
      const got = readSync(fd, chunk, filled, wanted, null);
      if (got === 0) chunk.fill(0, filled, filled + wanted);
      const taken = got === 0 ? wanted : got;
      filled += taken;
      left -= taken;
      if (filled === CHUNK_BYTES) yield* flush();
    }
    yield* put(tarPadding(size));
  }
  function* file(path: string, entry: NewTarEntry): Generator<Uint8Array<ArrayBuffer>> {
    const fd = open(path);
    if (fd === undefined) return;
    try {
      const now = fstatSync(fd);
      if (!now.isFile()) return;
      yield* put(tarHeader({ ...entry, size: now.size }));
      yield* content(fd, now.size);
    } finally {
      closeSync(fd);
    }
  }
  function* walk(path: string, name: string): Generator<Uint8Array<ArrayBuffer>> {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return;
    const made = toEntry(path, name, stat, links, options);
    const entry = made && options.map ? options.map(path, made, stat) : made;
    if (entry === undefined) return;
    if (entry.type === 'file' && stat.isFile()) yield* file(path, entry);
    else if (name !== '') yield* put(tarHeader(entry));
    if (entry.type !== 'directory') return;
    for (const added of options.before?.(path, name) ?? []) yield* put(tarHeader(added));
    for (const child of list(path)) yield* walk(join(path, child), name === '' ? child : join(name, child));
  }
  yield* walk(root.path, root.name);
  if (!options.open) yield* put(tarEnd());
  yield* flush();
}

function join(folder: string, name: string): string {
  return folder.endsWith('/') ? `${folder}${name}` : `${folder}/${name}`;
}

function list(path: string): readonly string[] {
  try {
    const names = readdirSync(path);
    const odd = names.find((name) => name.includes('\uFFFD'));
    if (odd !== undefined)
      throw new KnownError('invalid_parameter', `${join(path, odd)}: names that are no UTF-8 cannot be archived`);
    return names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** A file that may have been replaced since it was looked at: no link is followed, no pipe waited for. */
function open(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ELOOP') return undefined;
    throw error;
  }
}

function toEntry(
  path: string,
  name: string,
  stat: Stats,
  links: Map<string, string>,
  { xattrsOf }: PackOptions,
): NewTarEntry | undefined {
  const type = typeOf(stat);
  if (type === undefined) return undefined;
  const entry = {
    name: type === 'directory' && !name.endsWith('/') ? `${name}/` : name,
    type,
    mode: stat.mode & 0o7777,
    uid: stat.uid,
    gid: stat.gid,
    mtime: Math.floor(stat.mtimeMs / 1000),
  };
  if (type === 'directory') return { ...entry, xattrs: xattrsOf?.(path) ?? {} };
  const first = stat.nlink > 1 ? firstName(path, name, links) : undefined;
  if (first !== undefined) return { ...entry, type: 'link', linkName: first };
  if (type === 'symlink') return { ...entry, linkName: readlinkSync(path) };
  const device = type === 'character' || type === 'block' ? numbersOf(stat.rdev) : {};
  return { ...entry, ...device, xattrs: xattrsOf?.(path) ?? {} };
}

/** The name under which the same file is in the archive already. Inode numbers of an overlay need all 64 bits. */
function firstName(path: string, name: string, links: Map<string, string>): string | undefined {
  const { dev, ino } = lstatSync(path, { bigint: true });
  const key = `${dev}:${ino}`;
  const first = links.get(key);
  if (first === undefined) links.set(key, name);
  return first;
}

function typeOf(stat: Stats): TarEntryType | undefined {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isCharacterDevice()) return 'character';
  if (stat.isBlockDevice()) return 'block';
  return stat.isFIFO() ? 'fifo' : undefined;
}

/** major(3) and minor(3) of glibc, for numbers below 2^32. */
function numbersOf(device: number): { readonly deviceMajor: number; readonly deviceMinor: number } {
  return { deviceMajor: (device >>> 8) & 0xfff, deviceMinor: (device & 0xff) | ((device >>> 12) & 0xfff00) };
}
