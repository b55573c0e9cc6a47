import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  lstatSync,
  lutimesSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  rmdirSync,
  type Stats,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { gzipMember } from '../../lib/compress/gzip-member.host.ts';
import { KnownError } from '../../lib/errors.ts';
import type { TarEntryType } from '../../lib/tar/header.ts';
import { type NewTarEntry, tarEnd, tarHeader, tarPadding } from '../../lib/tar/writer.ts';
import { lgetxattr, llistxattr } from '../ffi/libc.host.ts';
import { readAttributes } from './attributes.host.ts';
import type { PackedLayer, PackRequest } from './build-files.ts';
import { checkCancelled } from './cancelling.host.ts';

/** What a runtime makes to mount on, where neither image nor engine has it. */
const MOUNT_POINTS =
  '/proc /sys /dev/pts /dev/shm /dev/mqueue /dev/console /etc/resolv.conf /etc/hosts /etc/hostname /dev'.split(' ');

/** The upper directory is this thread's root; `blob` is open. See BuildFiles.pack. */
export function packUpper(
  { clampSeconds, dropMountPoints, stubs = [] }: Pick<PackRequest, 'clampSeconds' | 'dropMountPoints' | 'stubs'>,
  blob: number,
): PackedLayer {
  for (const path of stubs) removeEmpty(path);
  if (dropMountPoints) for (const path of MOUNT_POINTS) removeEmpty(path);
  const output = createOutput(blob);
  const links = new Map<string, string>();
  let contentBytes = 0;
  const walk = (path: string): void => {
    for (const name of list(path)) {
      const at = path === '/' ? `/${name}` : `${path}/${name}`;
      checkCancelled();
      const stat = lstatSync(at);
      const mtime = timeOf(at, stat, clampSeconds);
      if (stat.isCharacterDevice() && stat.rdev === 0) {
        output.put(tarHeader(marker(`${path}/.wh.${name}`, mtime)));
        continue;
      }
      const entry = toEntry(at, stat, mtime, links);
      if (entry === undefined) continue;
      output.put(tarHeader(entry));
      if (entry.type === 'file') {
        output.file(at, stat.size);
        contentBytes += stat.size;
      }
      if (!stat.isDirectory()) continue;
      if (isOpaque(at)) output.put(tarHeader(marker(`${at}/.wh..wh..opq`, mtime)));
      walk(at);
      // reading a folder changes nothing, removing a mount point did
      if (clampSeconds !== undefined && stat.mtimeMs / 1000 > clampSeconds) lutimesSync(at, mtime, mtime);
    }
  };
  walk('/');
  output.put(tarEnd());
  return { ...output.end(), contentBytes };
}

function removeEmpty(path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat?.isFile() && stat.size === 0) unlinkSync(path);
  else if (stat?.isDirectory() && readdirSync(path).length === 0 && !isOpaque(path)) rmdirSync(path);
}

function list(path: string): readonly string[] {
  const names = readdirSync(path);
  const odd = names.find((name) => name.includes('\uFFFD'));
  if (odd !== undefined)
    throw new KnownError('invalid_parameter', `${path}/${odd}: names that are no UTF-8 cannot be in a layer`);
  const forged = names.find((name) => /^\.wh\.{1,3}$/.test(name));
  if (forged !== undefined)
    throw new KnownError('invalid_parameter', `${path}/${forged}: malformed whiteout: a layer cannot have this name`);
  return names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

function timeOf(path: string, stat: Stats, clampSeconds: number | undefined): number {
  const seconds = Math.floor(stat.mtimeMs / 1000);
  if (clampSeconds === undefined || stat.mtimeMs / 1000 <= clampSeconds) return seconds;
  if (!stat.isDirectory()) lutimesSync(path, clampSeconds, clampSeconds);
  return clampSeconds;
}

/** Image-spec layer.md, "Whiteouts". */
function marker(path: string, mtime: number): NewTarEntry {
  return { name: path.replace(/^\/+/, ''), type: 'file', mode: 0o600, mtime };
}

function toEntry(at: string, stat: Stats, mtime: number, links: Map<string, string>): NewTarEntry | undefined {
  const type = typeOf(stat);
  if (type === undefined) return undefined;
  const name = at.slice(1);
  const entry = { name, type, mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid, mtime };
  if (type !== 'directory' && stat.nlink > 1) {
    const first = firstName(at, name, links);
    if (first !== undefined) return { ...entry, type: 'link', linkName: first };
  }
  if (type === 'symlink') return { ...entry, linkName: readlinkSync(at) };
  const xattrs = attributesOf(at);
  if (type === 'directory') return { ...entry, name: `${name}/`, xattrs };
  if (type === 'file') return { ...entry, size: stat.size, xattrs };
  if (type === 'fifo') return entry;
  const device = BigInt(stat.rdev);
  return {
    ...entry,
    deviceMajor: Number((device >> 8n) & 0xfffn),
    deviceMinor: Number((device & 0xffn) | ((device >> 12n) & 0xfff00n)),
  };
}

function attributesOf(path: string): NonNullable<NewTarEntry['xattrs']> {
  const names = llistxattr(path);
  if (names.includes('trusted.overlay.redirect'))
    throw new KnownError('not_implemented', `${path}: a folder renamed by overlayfs itself cannot become a layer`);
  return readAttributes(path, names);
}

function typeOf(stat: Stats): TarEntryType | undefined {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isCharacterDevice()) return 'character';
  if (stat.isBlockDevice()) return 'block';
  return stat.isFIFO() ? 'fifo' : undefined;
}

/** Inode numbers need all 64 bits. */
function firstName(at: string, name: string, links: Map<string, string>): string | undefined {
  const { ino } = lstatSync(at, { bigint: true });
  const known = links.get(String(ino));
  if (known === undefined) links.set(String(ino), name);
  return known;
}

function isOpaque(path: string): boolean {
  if (!llistxattr(path).includes('trusted.overlay.opaque')) return false;
  return Buffer.from(lgetxattr(path, 'trusted.overlay.opaque')).toString('latin1') === 'y';
}

const CHUNK_BYTES = 1024 * 1024;

interface Output {
  put(bytes: Uint8Array): void;
  /** The content of a file, and the padding behind it. A file that has changed its size is an error. */
  file(path: string, size: number): void;
  end(): Omit<PackedLayer, 'contentBytes'>;
}

/** Hashes, compresses and writes in chunks of 1 MiB. */
function createOutput(blob: number): Output {
  const [plain, packed] = [createHash('sha256'), createHash('sha256')];
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let filled = 0;
  let size = 0;
  const flush = (): void => {
    if (filled === 0) return;
    plain.update(chunk.subarray(0, filled));
    const member = gzipMember(chunk.subarray(0, filled));
    packed.update(member);
    for (let done = 0; done < member.length; ) done += writeSync(blob, member, done);
    size += member.length;
    filled = 0;
  };
  const put = (bytes: Uint8Array): void => {
    for (let at = 0; at < bytes.length; ) {
      const piece = bytes.subarray(at, at + CHUNK_BYTES - filled);
      chunk.set(piece, filled);
      filled += piece.length;
      at += piece.length;
      if (filled === CHUNK_BYTES) flush();
    }
  };
  return {
    put,
    file(path, length) {
      if (length === 0) return;
      const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
      try {
        for (let left = length; left > 0; ) {
          const got = readSync(fd, chunk, filled, Math.min(left, CHUNK_BYTES - filled), null);
          if (got === 0) throw new KnownError('data_loss', `${path} is shorter than it was`);
          filled += got;
          left -= got;
          if (filled === CHUNK_BYTES) flush();
        }
      } finally {
        closeSync(fd);
      }
      put(tarPadding(length));
    },
    end() {
      flush();
      return { digest: `sha256:${packed.digest('hex')}`, diffId: `sha256:${plain.digest('hex')}`, size };
    },
  };
}
