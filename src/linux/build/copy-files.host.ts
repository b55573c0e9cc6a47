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
  readdirSync,
  readlinkSync,
  readSync,
  type Stats,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, posix } from 'node:path';
import { errnoOf, KnownError } from '../../lib/errors.ts';
import { llistxattr, makeDevice, mknod } from '../ffi/libc.host.ts';
import { resolveInRoot } from '../runtime/rooted-path.host.ts';
import { type Owner, readOwner } from './accounts.host.ts';
import { isKept, readAttributes, writeAttributes } from './attributes.host.ts';
import type { PlaceRequest, PlaceSource } from './build-files.ts';
import { checkCancelled } from './cancelling.host.ts';
import { type ModeChange, parseModeChange } from './mode-change.ts';

/** How copies look, whatever they are of. */
interface Looks {
  /** Of folders that are made on the way. */
  readonly owner: Owner;
  /** Copies keep the owner of what they are of. */
  readonly keepOwners: boolean;
  readonly mode: ModeChange;
  /** The mode of folders that are made on the way. */
  readonly folderMode: number;
  readonly clampSeconds: number | undefined;
}

/** Where two trees are mounted: paths of this thread. */
export interface Roots {
  readonly source: string;
  readonly target: string;
}

/**
 * Copies as BuildKit's COPY does: folders give what is in them and join folders that are there (whose mode and owner become the copied
 * one's, but for the destination itself), files replace files and links, and never a folder. Links in the destination are followed inside
 * the target. Errors: invalid_parameter.
 */
export function placeFiles(request: PlaceRequest, roots: Roots): void {
  const looks = looksOf(request, roots.target);
  for (const source of request.sources) placeOne(source, request.destination, looks, roots);
}

export function looksOf(
  { owner, mode, clampSeconds }: Pick<PlaceRequest, 'owner' | 'mode' | 'clampSeconds'>,
  target: string,
): Looks {
  const folderMode = /^[0-7]+$/.test(mode) ? Number.parseInt(mode, 8) : 0o755;
  const keepOwners = owner === '';
  return { owner: readOwner(target, owner), keepOwners, mode: parseModeChange(mode), folderMode, clampSeconds };
}

function placeOne(source: PlaceSource, destination: string, looks: Looks, { source: from, target }: Roots): void {
  const slash = destination.endsWith('/');
  ensureFolder(target, slash ? destination : dirname(destination), looks);
  const resolved = resolveInRoot(target, posix.normalize(destination));
  const there = lstatSync(resolved, { throwIfNoEntry: false });
  if (source.kind === 'tree') {
    if (there === undefined) ensureFolder(target, destination, looks);
    else if (!there.isDirectory()) throw invalid(`cannot copy to non-directory: ${destination}`);
    return copyTree(source, from, resolved, looks, there !== undefined);
  }
  const path = there?.isDirectory() ? posix.join(resolved, source.name) : resolved;
  if (source.kind === 'text') return writeText(path, source.content, looks);
  const at = `${from}${source.path}`;
  copyOther(at, path, lstatSync(at), looks, new Map(), false);
}

/** Makes what is missing of a path, links on the way followed. Errors: invalid_parameter when a file is in the way. */
export function ensureFolder(root: string, path: string, { owner, folderMode, clampSeconds }: Looks): string {
  const whole = resolveInRoot(root, path);
  let at = root;
  for (const part of whole.slice(root.length).split('/').filter(Boolean)) {
    at = posix.join(at, part);
    const there = lstatSync(at, { throwIfNoEntry: false });
    if (there?.isDirectory()) continue;
    if (there) throw invalid(`cannot make the folder ${path}: ${at.slice(root.length)} is not a directory`);
    mkdirSync(at, 0o755);
    lchownSync(at, owner.uid, owner.gid);
    chmodSync(at, folderMode);
    if (clampSeconds !== undefined) lutimesSync(at, clampSeconds, clampSeconds);
  }
  return whole;
}

function copyTree(
  { path, entries }: Extract<PlaceSource, { readonly kind: 'tree' }>,
  from: string,
  to: string,
  looks: Looks,
  joins: boolean,
): void {
  const root = path === '/' ? from : `${from}${path}`;
  const inodes = new Map<string, string>();
  const times: (() => void)[] = [];
  /** `fresh`: the folder was made by this copy, so that nothing can be in the way. */
  const copy = (relative: string, fresh: boolean): boolean => {
    checkCancelled();
    const at = `${root}/${relative}`;
    const target = posix.join(to, relative);
    const stat = lstatSync(at);
    if (!stat.isDirectory()) {
      copyOther(at, target, stat, looks, inodes, fresh);
      return false;
    }
    const made = copyFolder(at, target, stat, looks);
    times.push(() => setTimes(target, stat, looks));
    return made;
  };
  if (entries === undefined) {
    const walk = (relative: string, fresh: boolean): void => {
      for (const name of readdirSync(relative === '' ? root : `${root}/${relative}`, { withFileTypes: true })) {
        const child = relative === '' ? name.name : `${relative}/${name.name}`;
        const made = copy(child, fresh);
        if (name.isDirectory()) walk(child, made);
      }
    };
    walk('', !joins);
  } else {
    const fresh = new Set(joins ? [] : ['.']);
    for (const relative of entries) if (copy(relative, fresh.has(dirname(relative)))) fresh.add(relative);
  }
  for (const set of times.toReversed()) set();
}

/** True when it was made. */
function copyFolder(from: string, to: string, stat: Stats, looks: Looks): boolean {
  const owner = ownerOf(stat, looks);
  const there = lstatSync(to, { throwIfNoEntry: false });
  if (there === undefined) mkdirSync(to, 0o700);
  else if (!there.isDirectory()) throw invalid(`cannot copy to non-directory: ${to}`);
  lchownSync(to, owner.uid, owner.gid);
  chmodSync(to, looks.mode(stat.mode & 0o7777, true));
  copyAttributes(from, to);
  return there === undefined;
}

function copyOther(
  from: string,
  to: string,
  stat: Stats,
  looks: Looks,
  inodes: Map<string, string>,
  fresh: boolean,
): void {
  if (!fresh) makeRoom(to);
  if (stat.isFile()) {
    const known = stat.nlink > 1 ? firstCopy(from, to, inodes) : undefined;
    if (known === undefined) copyFile(from, to, stat, looks);
    else linkSync(known, to);
    return;
  }
  const owner = ownerOf(stat, looks);
  if (stat.isSymbolicLink()) {
    symlinkSync(readlinkSync(from), to);
    if (owner.uid !== 0 || owner.gid !== 0) lchownSync(to, owner.uid, owner.gid);
  } else if (stat.isSocket()) {
    return;
  } else {
    mknod(to, stat.mode & 0o170000, stat.isFIFO() ? 0 : makeDevice((stat.rdev >> 8) & 0xfff, stat.rdev & 0xff));
    lchownSync(to, owner.uid, owner.gid);
    chmodSync(to, looks.mode(stat.mode & 0o7777, false));
  }
  setTimes(to, stat, looks);
}

function ownerOf({ uid, gid }: Stats, { keepOwners, owner }: Looks): Owner {
  return keepOwners ? { uid, gid } : owner;
}

/** A file or link goes, a folder does not. */
function makeRoom(path: string): void {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there?.isDirectory()) throw invalid(`cannot replace to directory ${path} with file`);
  if (there) unlinkSync(path);
}

/** Inode numbers of an overlay need all 64 bits. */
function firstCopy(from: string, to: string, inodes: Map<string, string>): string | undefined {
  const { dev, ino } = lstatSync(from, { bigint: true });
  const key = `${dev}:${ino}`;
  const known = inodes.get(key);
  if (known === undefined) inodes.set(key, to);
  return known;
}

const BUFFER = Buffer.alloc(1024 * 1024);
const ZEROS = Buffer.alloc(64 * 1024);
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

function copyFile(from: string, to: string, stat: Stats, looks: Looks): void {
  const { mode, clampSeconds } = looks;
  const owner = ownerOf(stat, looks);
  const source = openSync(from, constants.O_RDONLY | constants.O_NOFOLLOW);
  let target: number | undefined;
  try {
    const wanted = mode(stat.mode & 0o7777, false);
    target = openSync(to, NEW_FILE, wanted);
    if (stat.size > 0) copyContent(source, target);
    if (owner.uid !== 0 || owner.gid !== 0) {
      fchownSync(target, owner.uid, owner.gid);
      fchmodSync(target, wanted); // a change of owner drops setuid
    }
    const names = llistxattr(from);
    if (names.some(isKept)) writeAttributes(to, readAttributes(from, names));
    const seconds = timeOf(stat, clampSeconds);
    futimesSync(target, seconds, seconds);
  } finally {
    closeSync(source);
    if (target !== undefined) closeSync(target);
  }
}

/** Blocks of zeros become holes in what is large. */
function copyContent(source: number, target: number): void {
  let position = 0;
  for (let got = readSync(source, BUFFER); got > 0; got = readSync(source, BUFFER)) {
    checkCancelled();
    const large = got === BUFFER.length;
    for (let at = 0; at < got; ) {
      const end = large ? at + ZEROS.length : got;
      const piece = BUFFER.subarray(at, end);
      if (!large || !piece.equals(ZEROS))
        for (let done = 0; done < piece.length; )
          done += writeSync(target, piece, done, piece.length - done, position + at + done);
      at = end;
    }
    position += got;
    if (large) ftruncateSync(target, position);
    else if (got < BUFFER.length && got < 4096) break; // the end of a small file
  }
}

function writeText(path: string, content: string, { owner, mode, clampSeconds }: Looks): void {
  makeRoom(path);
  const fd = openSync(path, NEW_FILE, mode(0o644, false));
  try {
    const bytes = Buffer.from(content);
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
    fchownSync(fd, owner.uid, owner.gid);
    fchmodSync(fd, mode(0o644, false));
    if (clampSeconds !== undefined) futimesSync(fd, clampSeconds, clampSeconds);
  } finally {
    closeSync(fd);
  }
}

function copyAttributes(from: string, to: string): void {
  writeAttributes(to, readAttributes(from));
}

/** Layers know whole seconds. */
function timeOf(stat: Stats, clampSeconds: number | undefined): number {
  const seconds = Math.floor(stat.mtimeMs / 1000);
  return clampSeconds === undefined ? seconds : Math.min(seconds, clampSeconds);
}

function setTimes(path: string, stat: Stats, { clampSeconds }: Looks): void {
  const seconds = timeOf(stat, clampSeconds);
  try {
    lutimesSync(path, seconds, seconds);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

function invalid(text: string): KnownError {
  return new KnownError('invalid_parameter', text.replace(/(^| )\/d(?=\/)/g, '$1'));
}
