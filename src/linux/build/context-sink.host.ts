import { createHash, type Hash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  ftruncateSync,
  futimesSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, posix } from 'node:path';
import { KnownError, wrapError } from '../../lib/errors.ts';
import type { TarHeader } from '../../lib/tar/header.ts';
import type { TarSink } from '../../lib/tar/parser.ts';
import { attributesText, writeAttributes } from './attributes.host.ts';
import type { TreeEntry } from './tree-entry.ts';

export const MAX_ENTRIES = 2_000_000;
const MAX_PATH_BYTES = 4096;
/** Names, link targets and attributes of all entries together: what the index holds in memory. */
const MAX_INDEX_BYTES = 256 * 1024 * 1024;
/** Zeros of all holes together: a header of 512 bytes can promise 8 EiB. */
const MAX_HOLE_BYTES = 64 * 2 ** 30;

export interface ContextSink {
  readonly sink: TarSink;
  /** Sets the times of folders. Undefined: links among the folders have led entries elsewhere, the tree has to be looked at. */
  finish(): readonly TreeEntry[] | undefined;
  close(): void;
}

/**
 * Makes a build context below `/`, which is a folder of its own. What the archive says of owners is dropped, devices are refused. Names
 * through links are followed: the changed root keeps them inside. With `dry` nothing is made: only what would be there is found out.
 */
export function createContextSink({ dry }: { readonly dry: boolean }): ContextSink {
  const entries = new Map<string, TreeEntry>([['/', folderEntry('/', 0o755)]]);
  const folderTimes = new Map<string, number>();
  const folders = new Set(['/']);
  const links = new Set<string>();
  let file:
    | { readonly fd: number | undefined; readonly header: TarHeader; readonly path: string; readonly hash: Hash }
    | undefined;
  let position = 0;
  let astray = false;
  let [indexBytes, holeBytes] = [0, 0];

  const count = ({ name, linkName, xattrs }: TarHeader): void => {
    indexBytes += name.length + linkName.length;
    for (const [key, { length }] of Object.entries(xattrs)) indexBytes += key.length + length;
    if (indexBytes > MAX_INDEX_BYTES)
      throw new KnownError('invalid_parameter', `the build context has more than ${MAX_INDEX_BYTES} bytes of names`);
  };
  const note = (entry: TreeEntry): void => {
    if (entries.size >= MAX_ENTRIES)
      throw new KnownError('invalid_parameter', 'the build context has too many entries');
    entries.set(entry.path, entry);
  };
  const ensureFolder = (path: string): void => {
    if (folders.has(path)) return;
    ensureFolder(dirname(path));
    if (links.has(path)) astray = true;
    if (dry) {
      // a file in the way is for the real thing to refuse
      if (entries.has(path)) astray = true;
      else note(folderEntry(path, 0o755));
      folders.add(path);
      return;
    }
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (there === undefined) {
      mkdirSync(path, 0o755);
      note(folderEntry(path, 0o755));
    } else if (!there.isDirectory()) {
      mkdirSync(path, { recursive: true }); // fine through a link, an error for a file
      return;
    }
    folders.add(path);
  };
  /** What was there before under this name goes. */
  const clear = (path: string): void => {
    if (!entries.has(path) && !astray) return;
    if (!dry) rmSync(path, { recursive: true, force: true });
    if (folders.has(path)) {
      for (const known of folders) if (known === path || known.startsWith(`${path}/`)) folders.delete(known);
      for (const known of entries.keys()) if (known.startsWith(`${path}/`)) entries.delete(known);
    }
    links.delete(path);
    entries.delete(path);
  };
  const makeFolder = (path: string, header: TarHeader): void => {
    if (!folders.has(path)) {
      if (entries.has(path)) clear(path);
      if (!dry) mkdirSync(path, { recursive: true });
      folders.add(path);
    }
    if (!dry) chmodSync(path, header.mode);
    const xattrs = attributesText(header.xattrs);
    if (xattrs !== '' && !dry) writeAttributes(path, header.xattrs);
    note({ ...folderEntry(path, header.mode), xattrs });
    folderTimes.set(path, header.mtime);
  };
  const makeLink = (path: string, header: TarHeader): void => {
    const target = cleanName(header.linkName);
    const first = entries.get(target);
    if (first === undefined && !astray)
      throw new KnownError(
        'invalid_parameter',
        `the build context links ${header.name} to nothing: ${header.linkName}`,
      );
    if (!dry) linkSync(target, path);
    if (first) note({ ...first, path, sameAs: first.sameAs || first.path });
  };
  const begin = (header: TarHeader): void => {
    const path = cleanName(header.name);
    if (path === '/') {
      if (header.type === 'directory') folderTimes.set('/', header.mtime);
      return;
    }
    ensureFolder(dirname(path));
    if (header.type === 'directory') return makeFolder(path, header);
    clear(path);
    switch (header.type) {
      case 'file': {
        const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
        const fd = dry ? undefined : openSync(path, flags, header.mode);
        file = { fd, header, path, hash: createHash('sha256') };
        position = 0;
        return;
      }
      case 'symlink':
        if (!dry) {
          symlinkSync(header.linkName, path);
          lutimesSync(path, header.mtime, header.mtime);
        }
        links.add(path);
        return note({ ...folderEntry(path, 0o777), type: 'symlink', link: header.linkName });
      case 'link':
        return makeLink(path, header);
      default:
        throw new KnownError('invalid_parameter', `the build context holds a device or pipe: ${header.name}`);
    }
  };

  return {
    sink: {
      entry(header) {
        try {
          count(header);
          begin(header);
        } catch (error) {
          throw wrapError(error, `build context: ${header.name.slice(0, 200)}`);
        }
      },
      data(piece) {
        if (!file) return;
        file.hash.update(piece);
        if (file.fd === undefined) return;
        for (let done = 0; done < piece.length; )
          done += writeSync(file.fd, piece, done, piece.length - done, position + done);
        position += piece.length;
      },
      hole(sizeBytes) {
        if (!file) return;
        holeBytes += sizeBytes;
        if (holeBytes > MAX_HOLE_BYTES)
          throw new KnownError('invalid_parameter', `archive has more than ${MAX_HOLE_BYTES} bytes of holes`);
        for (let left = sizeBytes; left > 0; left -= ZEROS.length)
          file.hash.update(left < ZEROS.length ? ZEROS.subarray(0, left) : ZEROS);
        position += sizeBytes;
        if (file.fd !== undefined) ftruncateSync(file.fd, position);
      },
      entryEnd() {
        if (!file) return;
        const { fd, header, path, hash } = file;
        file = undefined;
        const xattrs = attributesText(header.xattrs);
        if (fd !== undefined) {
          futimesSync(fd, header.mtime, header.mtime);
          closeSync(fd);
          if (xattrs !== '') writeAttributes(path, header.xattrs);
        }
        const { mode, size } = header;
        note({ path, type: 'file', mode, size, link: '', hash: hash.digest('hex'), xattrs, sameAs: '', owner: '' });
      },
    },
    finish() {
      for (const [path, mtime] of folderTimes) if (!dry && folders.has(path)) lutimesSync(path, mtime, mtime);
      return astray ? undefined : [...entries.values()];
    },
    close() {
      if (file?.fd !== undefined) closeSync(file.fd);
      file = undefined;
    },
  };
}

const ZEROS = new Uint8Array(256 * 1024);

function folderEntry(path: string, mode: number): TreeEntry {
  return { path, type: 'directory', mode, size: 0, link: '', hash: '', xattrs: '', sameAs: '', owner: '' };
}

/** Absolute from the context's root, whatever `..` there is. Errors: invalid_parameter. */
function cleanName(name: string): string {
  if (name.includes('\0') || Buffer.byteLength(name) > MAX_PATH_BYTES)
    throw new KnownError(
      'invalid_parameter',
      `malformed name in the build context: ${JSON.stringify(name.slice(0, 200))}`,
    );
  const path = posix.normalize(`/${name}`);
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}
