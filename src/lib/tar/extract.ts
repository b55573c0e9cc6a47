import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  rmSync,
  type Stats,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, posix } from 'node:path';
import { errnoOf, KnownError, wrapError } from '../errors.ts';
import type { Owner } from '../id-map.ts';
import type { TarHeader } from './header.ts';
import type { TarSink } from './parser.ts';

/** How an archive is put below a folder. */
export interface ExtractOptions {
  /** Existing folder, absolute. */
  readonly folder: string;
  /** Refuse to put a folder in the place of something else, or the other way round; else what is there is removed. */
  readonly keepKinds: boolean;
  /** Whose the files become: the archive's owners, who is said for each of those, or (undefined) whoever runs this. */
  readonly owner: 'archive' | ((archived: Owner) => Owner) | undefined;
  /** Makes a device or pipe. Absent: such an entry is an error. */
  readonly makeNode?: (path: string, header: TarHeader) => void;
  readonly setXattrs?: (path: string, xattrs: TarHeader['xattrs']) => void;
  /** Told each path before anything is made there; throws to refuse. */
  readonly check?: (path: string, header: TarHeader) => void;
}

export interface Extractor {
  readonly sink: TarSink;
  /** Sets what must be set last. */
  readonly finish: () => void;
  /** Closes what is open, after a failure in the middle: a thread's descriptors outlive it. */
  readonly close: () => void;
}

const MAX_ENTRIES = 5_000_000;
/** Of one entry, where another writer is as busy at the same path. */
const PLACE_TRIES = 100;

/**
 * A sink that makes what an archive holds, by synchronous calls, as Docker extracts: missing parents are made, links among the parents are
 * followed (keeping that inside is the caller's: a changed root, or `check`). `finish` sets the times of folders.
 * Errors: invalid_parameter for a name that leads out of the folder, a hard link out of it, a conflict of kinds; of the file system.
 */
export function createExtractor(options: ExtractOptions): Extractor {
  const folderTimes = new Map<string, number>();
  let file: { readonly fd: number; readonly header: TarHeader; readonly path: string } | undefined;
  let position = 0; // in the file
  let entries = 0;

  const begin = (header: TarHeader): void => {
    if (++entries > MAX_ENTRIES) throw new KnownError('invalid_parameter', 'archive has too many entries');
    const path = inside(options.folder, header.name);
    options.check?.(path, header);
    for (let tries = 1; ; tries++)
      try {
        return place(path, header);
      } catch (error) {
        // Somebody else has put something there since it was looked at; it is looked at again.
        if (errnoOf(error) !== 'EEXIST' || tries === PLACE_TRIES) throw error;
      }
  };

  const place = (path: string, header: TarHeader): void => {
    if (path !== options.folder) ensureFolder(dirname(path));
    const there = lstatSync(path, { throwIfNoEntry: false });
    const isFolder = header.type === 'directory';
    if (there && options.keepKinds) checkKinds(there, isFolder, path, options.folder);
    if (path === options.folder && there?.isDirectory() && isFolder) return;
    if (path === options.folder) throw new KnownError('invalid_parameter', 'archive replaces the folder it goes to');
    const joins = there?.isDirectory() === true && isFolder;
    if (there && !joins) rmSync(path, { recursive: true, force: true });
    if (header.type === 'file') {
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
      file = { fd: openSync(path, flags, 0o600), header, path };
      position = 0;
      return;
    }
    make(path, header, joins);
  };

  const make = (path: string, header: TarHeader, joins: boolean): void => {
    switch (header.type) {
      case 'directory':
        if (!joins) mkdirSync(path, 0o700);
        own(path, header);
        chmodSync(path, header.mode);
        options.setXattrs?.(path, header.xattrs);
        folderTimes.set(path, header.mtime);
        return;
      case 'symlink':
        symlinkSync(header.linkName, path);
        own(path, header);
        lutimesSync(path, header.mtime, header.mtime);
        return;
      case 'link':
        linkSync(insideLink(options.folder, path, header.linkName), path);
        return;
      default:
        if (!options.makeNode)
          throw new KnownError('invalid_parameter', `${path}: devices and pipes are not made here`);
        options.makeNode(path, header);
        own(path, header);
        chmodSync(path, header.mode);
        lutimesSync(path, header.mtime, header.mtime);
    }
  };

  const ownerOf = (archived: Owner): Owner | undefined =>
    options.owner === 'archive' ? archived : options.owner?.(archived);
  const own = (path: string, header: TarHeader): void => {
    const owner = ownerOf(header);
    if (owner) lchownSync(path, owner.uid, owner.gid);
  };

  return {
    sink: {
      entry(header) {
        try {
          begin(header);
        } catch (error) {
          if (error instanceof KnownError) throw error;
          throw wrapError(error, `extracting ${header.name.slice(0, 200)}`);
        }
      },
      data(piece) {
        if (!file) return;
        for (let done = 0; done < piece.length; )
          done += writeSync(file.fd, piece, done, piece.length - done, position + done);
        position += piece.length;
      },
      hole(sizeBytes) {
        if (!file) return;
        position += sizeBytes;
        ftruncateSync(file.fd, position);
      },
      entryEnd() {
        if (!file) return;
        const { fd, header, path } = file;
        file = undefined;
        try {
          const owner = ownerOf(header);
          if (owner) fchownSync(fd, owner.uid, owner.gid);
          fchmodSync(fd, header.mode);
          futimesSync(fd, header.mtime, header.mtime);
        } finally {
          closeSync(fd);
        }
        options.setXattrs?.(path, header.xattrs);
      },
    },
    finish() {
      for (const [path, mtime] of folderTimes)
        if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) lutimesSync(path, mtime, mtime);
    },
    close() {
      if (file) closeSync(file.fd);
      file = undefined;
    },
  };
}

/** An archive's name below `folder`. Errors: invalid_parameter when it leads out. */
function inside(folder: string, name: string): string {
  const clean = posix.normalize(name).replace(/^\/+/, '').replace(/\/+$/, '');
  if (clean === '..' || clean.startsWith('../') || name.includes('\0') || name.length > 4096)
    throw new KnownError('invalid_parameter', `${JSON.stringify(name.slice(0, 200))} is outside of "${folder}"`);
  return clean === '' || clean === '.' ? folder : posix.join(folder, clean);
}

function insideLink(folder: string, path: string, target: string): string {
  const whole = posix.join(folder, target);
  if (whole !== folder && !whole.startsWith(folder === '/' ? '/' : `${folder}/`))
    throw new KnownError('invalid_parameter', `invalid hardlink ${JSON.stringify(path)} -> ${JSON.stringify(target)}`);
  return whole;
}

function ensureFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o755 });
  } catch (error) {
    // A parent that is a link to a folder is fine.
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}

function checkKinds(there: Stats, isFolder: boolean, path: string, folder: string): void {
  if (there.isDirectory() && !isFolder)
    throw new KnownError('invalid_parameter', `cannot overwrite directory "${path}" with non-directory "${folder}"`);
  if (!there.isDirectory() && isFolder)
    throw new KnownError('invalid_parameter', `cannot overwrite non-directory "${path}" with directory "${folder}"`);
}
