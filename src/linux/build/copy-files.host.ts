import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, posix } from 'node:path';
import { errnoOf, KnownError } from '../../lib/errors.ts';
import { mknod } from '../ffi/libc.host.ts';
import { resolveInRoot } from '../runtime/rooted-path.host.ts';
import { type Owner, readOwner } from './accounts.host.ts';
import { writeAttributes } from './attributes.host.ts';
import type { PlaceRequest, PlaceSource } from './build-files.ts';
import { checkCancelled } from './cancelling.host.ts';
import type { CopySource, SourceFile } from './copy-source.ts';
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

/**
 * Copies as BuildKit's COPY does: folders give what is in them and join folders that are there (whose mode and owner become the copied
 * one's, but for the destination itself), files replace files and links, and never a folder. Links in the destination are followed inside
 * the target. Errors: invalid_parameter.
 */
export function placeFiles(request: PlaceRequest, from: CopySource, target: string): void {
  const looks = looksOf(request, target);
  for (const source of request.sources) placeOne(source, request.destination, looks, from, target);
}

/** Makes everything that a tree has in an empty folder: this thread's root. */
export function makeTree(from: CopySource): void {
  const looks = {
    owner: ROOT,
    keepOwners: true,
    mode: parseModeChange(''),
    folderMode: 0o755,
    clampSeconds: undefined,
  };
  copyTree({ kind: 'tree', path: '/', entries: undefined }, from, '/', looks, false);
}

const ROOT: Owner = { uid: 0, gid: 0 };

export function looksOf(
  { owner, mode, clampSeconds }: Pick<PlaceRequest, 'owner' | 'mode' | 'clampSeconds'>,
  target: string,
): Looks {
  const folderMode = /^[0-7]+$/.test(mode) ? Number.parseInt(mode, 8) : 0o755;
  const keepOwners = owner === '';
  return { owner: readOwner(target, owner), keepOwners, mode: parseModeChange(mode), folderMode, clampSeconds };
}

function placeOne(source: PlaceSource, destination: string, looks: Looks, from: CopySource, target: string): void {
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
  copyOther(from, source.path, path, { ...from.look(source.path), identity: undefined }, looks, new Map(), false);
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
  from: CopySource,
  to: string,
  looks: Looks,
  joins: boolean,
): void {
  const root = path === '/' ? '' : path;
  const copies = new Map<string, string>();
  const times: (() => void)[] = [];
  /** Folders that were made by this copy, so that nothing can be in the way. */
  const fresh = new Set(joins ? [] : ['']);
  for (const relative of entries ?? from.below(path)) {
    checkCancelled();
    const at = `${root}/${relative}`;
    const target = to === '/' ? `/${relative}` : `${to}/${relative}`;
    const file = from.look(at);
    const isFresh = fresh.has(relative.slice(0, Math.max(0, relative.lastIndexOf('/'))));
    if (file.type !== 'directory') copyOther(from, at, target, file, looks, copies, isFresh);
    else {
      if (copyFolder(from, at, target, file, looks)) fresh.add(relative);
      times.push(() => setTimes(target, file, looks));
    }
  }
  for (const set of times.toReversed()) set();
}

/** True when it was made. */
function copyFolder(from: CopySource, at: string, to: string, file: SourceFile, looks: Looks): boolean {
  const owner = ownerOf(file, looks);
  const there = lstatSync(to, { throwIfNoEntry: false });
  if (there === undefined) mkdirSync(to, 0o700);
  else if (!there.isDirectory()) throw invalid(`cannot copy to non-directory: ${to}`);
  lchownSync(to, owner.uid, owner.gid);
  chmodSync(to, looks.mode(file.mode, true));
  writeAttributes(to, from.attributesOf(at));
  return there === undefined;
}

/** `copies`: where files with more than one name were copied to, by their identity. `fresh`: nothing is in the way. */
function copyOther(
  from: CopySource,
  at: string,
  to: string,
  file: SourceFile,
  looks: Looks,
  copies: Map<string, string>,
  fresh: boolean,
): void {
  if (!fresh) makeRoom(to);
  const owner = ownerOf(file, looks);
  switch (file.type) {
    case 'file': {
      const known = file.identity === undefined ? undefined : copies.get(file.identity);
      if (known !== undefined) return linkSync(known, to);
      if (file.identity !== undefined) copies.set(file.identity, to);
      return copyFile(from, at, to, file, looks);
    }
    case 'symlink':
      symlinkSync(from.linkOf(at), to);
      if (owner.uid !== 0 || owner.gid !== 0) lchownSync(to, owner.uid, owner.gid);
      break;
    case 'node':
      mknod(to, file.node.mode, file.node.device);
      lchownSync(to, owner.uid, owner.gid);
      chmodSync(to, looks.mode(file.mode, false));
      break;
    case 'socket':
    case 'directory':
      return;
  }
  setTimes(to, file, looks);
}

function ownerOf({ uid, gid }: SourceFile, { keepOwners, owner }: Looks): Owner {
  return keepOwners ? { uid, gid } : owner;
}

/** A file or link goes, a folder does not. */
function makeRoom(path: string): void {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there?.isDirectory()) throw invalid(`cannot replace to directory ${path} with file`);
  if (there) unlinkSync(path);
}

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

function copyFile(from: CopySource, at: string, to: string, file: SourceFile, looks: Looks): void {
  const owner = ownerOf(file, looks);
  const wanted = looks.mode(file.mode, false);
  const target = openSync(to, NEW_FILE, wanted);
  try {
    if (file.size > 0) from.writeContent(at, target);
    if (owner.uid !== 0 || owner.gid !== 0) {
      fchownSync(target, owner.uid, owner.gid);
      fchmodSync(target, wanted); // a change of owner drops setuid
    }
    writeAttributes(to, from.attributesOf(at));
    const seconds = timeOf(file, looks);
    futimesSync(target, seconds, seconds);
  } finally {
    closeSync(target);
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

/** Layers know whole seconds. */
function timeOf({ mtimeSeconds }: SourceFile, { clampSeconds }: Looks): number {
  const seconds = Math.floor(mtimeSeconds);
  return clampSeconds === undefined ? seconds : Math.min(seconds, clampSeconds);
}

function setTimes(path: string, file: SourceFile, looks: Looks): void {
  const seconds = timeOf(file, looks);
  try {
    lutimesSync(path, seconds, seconds);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

function invalid(text: string): KnownError {
  return new KnownError('invalid_parameter', text.replace(/(^| )\/d(?=\/)/g, '$1'));
}
