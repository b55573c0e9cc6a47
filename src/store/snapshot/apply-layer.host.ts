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
  statSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { errnoOf, KnownError, wrapError } from '../../lib/errors.ts';
import type { TarHeader } from '../../lib/tar/header.ts';
import type { TarSink } from '../../lib/tar/parser.ts';
import { lsetxattr, makeDevice, mknod } from '../../linux/ffi/libc.host.ts';
import { cleanEntryPath, parentsOf, toWhiteout } from './entry-path.ts';

const S_IFCHR = 0o020000;
const S_IFBLK = 0o060000;
const S_IFIFO = 0o010000;
const MAX_ENTRIES = 2_000_000;

/** Result of unpacking: bytes of file content. */
export interface AppliedLayer {
  readonly sink: TarSink;
  /** Sets what must be set last (times of directories); returns the lengths of all files (holes included) and symbolic links. */
  finish(): number;
  /** Closes what is open, after a failure in the middle: the thread's descriptors are the process's. */
  close(): void;
}

/**
 * Applies a layer's entries below `/`, which is the layer's own directory: the thread is chrooted there, so that the kernel keeps
 * every path inside, symbolic links included: what an archive writes below a link to a folder goes into that folder, as with Docker.
 * Parents that lead to no directory are replaced.
 * Whiteouts become overlayfs' own marks (kernel doc, overlayfs.rst, "whiteouts and opaque directories").
 */
export function applyLayer(): AppliedLayer {
  const folderTimes = new Map<string, number>();
  const knownFolders = new Set<string>(['']);
  let file: { readonly fd: number; readonly header: TarHeader; readonly path: string } | undefined;
  let position = 0; // in the file
  let bytes = 0;
  let entries = 0;

  const ensureParents = (path: string): void => {
    for (const parent of parentsOf(path)) {
      if (knownFolders.has(parent)) continue;
      if (!leadsToFolder(parent)) {
        remove(parent);
        mkdirSync(`/${parent}`, 0o755);
        chmodSync(`/${parent}`, 0o755);
      }
      knownFolders.add(parent);
    }
  };
  const remove = (path: string): void => {
    const there = statOf(path);
    if (there === undefined) return;
    rmSync(`/${path}`, { recursive: true, force: true });
    // A link may have led to what was known under another name: everything is looked at anew.
    if (there.isDirectory() || there.isSymbolicLink()) resetKnownFolders();
  };
  const resetKnownFolders = (): void => {
    knownFolders.clear();
    knownFolders.add('');
  };
  const makeFolder = (path: string, header: TarHeader): void => {
    const there = path === '' || statOf(path)?.isDirectory() === true;
    if (!there) {
      remove(path);
      mkdirSync(`/${path}`, 0o700);
    }
    setOwnerAndMode(path, header);
    folderTimes.set(path, header.mtime);
    knownFolders.add(path);
  };
  const makeOther = (path: string, header: TarHeader): void => {
    remove(path);
    switch (header.type) {
      case 'symlink':
        symlinkSync(header.linkName, `/${path}`);
        bytes += Buffer.byteLength(header.linkName);
        lchownSync(`/${path}`, header.uid, header.gid);
        break;
      case 'link':
        linkSync(`/${cleanEntryPath(header.linkName)}`, `/${path}`);
        return;
      case 'character':
      case 'block':
        mknod(
          `/${path}`,
          header.type === 'block' ? S_IFBLK : S_IFCHR,
          makeDevice(header.deviceMajor, header.deviceMinor),
        );
        setOwnerAndMode(path, header);
        break;
      case 'fifo':
        mknod(`/${path}`, S_IFIFO, 0);
        setOwnerAndMode(path, header);
        break;
      default:
        throw new KnownError('system', `entry type ${header.type} is made elsewhere`);
    }
    setXattrs(path, header);
    lutimesSync(`/${path}`, header.mtime, header.mtime);
  };
  const begin = (header: TarHeader): void => {
    if (++entries > MAX_ENTRIES) throw new KnownError('invalid_parameter', 'archive has too many entries');
    const path = cleanEntryPath(header.name);
    const whiteout = toWhiteout(path);
    ensureParents(path);
    if (whiteout) return applyWhiteout(whiteout, remove);
    if (header.type === 'directory') {
      makeFolder(path, header);
      setXattrs(path, header);
    } else if (path === '') {
      throw new KnownError('invalid_parameter', 'archive replaces its own root');
    } else if (header.type === 'file') {
      remove(path);
      position = 0;
      file = {
        fd: openSync(
          `/${path}`,
          constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
          0o600,
        ),
        header,
        path,
      };
    } else {
      makeOther(path, header);
    }
  };

  return {
    sink: {
      entry(header) {
        try {
          begin(header);
        } catch (error) {
          throw wrapError(error, `unpacking ${header.name.slice(0, 200)}`);
        }
      },
      data(piece) {
        if (!file) return;
        for (let done = 0; done < piece.length; )
          done += writeSync(file.fd, piece, done, piece.length - done, position + done);
        position += piece.length;
        bytes += piece.length;
      },
      hole(sizeBytes) {
        if (!file) return;
        position += sizeBytes;
        bytes += sizeBytes;
        ftruncateSync(file.fd, position);
      },
      entryEnd() {
        if (!file) return;
        const { fd, header, path } = file;
        file = undefined;
        fchownSync(fd, header.uid, header.gid);
        fchmodSync(fd, header.mode);
        futimesSync(fd, header.mtime, header.mtime);
        closeSync(fd);
        if (Object.keys(header.xattrs).length > 0) setXattrs(path, header);
      },
    },
    finish() {
      for (const [path, mtime] of folderTimes) if (statOf(path)?.isDirectory()) lutimesSync(`/${path}`, mtime, mtime);
      return bytes;
    },
    close() {
      if (file) closeSync(file.fd);
      file = undefined;
    },
  };
}

function statOf(path: string): ReturnType<typeof lstatSync> | undefined {
  return lstatSync(`/${path}`, { throwIfNoEntry: false });
}

/** Through symbolic links. */
function leadsToFolder(path: string): boolean {
  try {
    return statSync(`/${path}`, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch (error) {
    if (errnoOf(error) === 'ELOOP' || errnoOf(error) === 'ENOTDIR') return false;
    throw error;
  }
}

function setOwnerAndMode(path: string, header: TarHeader): void {
  lchownSync(`/${path}`, header.uid, header.gid);
  chmodSync(`/${path}`, header.mode);
}

/** Linux has one number for the first two. */
const UNSUPPORTED: ReadonlySet<string> = new Set(['ENOTSUP', 'EOPNOTSUPP', 'EPERM']);

/** Attributes of overlayfs itself in an archive would forge whiteouts: they are left out. A file system without user attributes is no failure. */
function setXattrs(path: string, header: TarHeader): void {
  for (const [name, value] of Object.entries(header.xattrs)) {
    if (name.startsWith('trusted.overlay.')) continue;
    try {
      lsetxattr(`/${path}`, name, value);
    } catch (error) {
      if (!UNSUPPORTED.has(errnoOf(error) ?? '')) throw error;
    }
  }
}

function applyWhiteout(whiteout: NonNullable<ReturnType<typeof toWhiteout>>, remove: (path: string) => void): void {
  if (whiteout.kind === 'opaque') {
    lsetxattr(`/${whiteout.folder}`, 'trusted.overlay.opaque', Buffer.from('y'));
    return;
  }
  remove(whiteout.path);
  mknod(`/${whiteout.path}`, S_IFCHR, 0);
}
