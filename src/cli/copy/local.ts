import { lstatSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { errnoOf, KnownError, messageOf } from '../../lib/errors.ts';
import { type CopyEnd, goBase, goClean, goDir, rebaseOf, splitEntry } from './paths.ts';

const LINKS_MAX = 10;

/** The local source of a copy: a link itself, unless it is to be followed or the path ends in a slash. Errors: as Go's. */
export function localSource(path: string, follow: boolean): CopyEnd {
  const { resolved, rebase } = follow ? resolveAll(path) : resolveFolder(path);
  return { path: resolved, exists: true, isFolder: lstatOf(resolved).isDirectory(), rebase };
}

function resolveAll(path: string): ReturnType<typeof rebaseOf> {
  const target = real(path);
  if (path.endsWith('/')) demandFolder(target);
  return rebaseOf(path, target);
}

function demandFolder(path: string): void {
  if (!statOf(path).isDirectory()) throw new KnownError('invalid_parameter', 'not a directory');
}

function resolveFolder(path: string): { readonly resolved: string; readonly rebase: string | undefined } {
  const slash = path.lastIndexOf('/') + 1;
  const folder = real(path.slice(0, slash));
  demandFolder(folder);
  const resolved = `${folder}/${path.slice(slash)}`;
  return { resolved, rebase: path.endsWith('/') && goBase(path) !== goBase(resolved) ? goBase(path) : undefined };
}

/** The local target of a copy; links are followed, a last one may lead to nothing. Errors: too many links, no parent folder. */
export function localTarget(original: string): CopyEnd {
  let path = original;
  for (let links = 0; ; links++) {
    const stat = lstatSync(byCall(path), { throwIfNoEntry: false });
    if (stat === undefined) break;
    if (!stat.isSymbolicLink()) return { path, exists: true, isFolder: stat.isDirectory() };
    if (links > LINKS_MAX) throw new KnownError('invalid_parameter', `too many symlinks in ${original}`);
    const target = readlinkSync(path);
    path = isAbsolute(target) ? target : join(splitEntry(path).folder, target);
  }
  const { folder } = splitEntry(path);
  demandFolder(folder);
  return { path, exists: false, isFolder: false };
}

/** Refuses what cannot be written to, in the CLI's words (command.ValidateOutputPath). */
export function checkOutput(path: string): void {
  const folder = goDir(goClean(path));
  if (folder !== '' && folder !== '.' && !statSync(folder, { throwIfNoEntry: false }))
    throw new KnownError('not_found', `invalid output path: directory ${JSON.stringify(folder)} does not exist`);
  const found = statSync(byCall(path), { throwIfNoEntry: false });
  if (found?.isBlockDevice() || found?.isCharacterDevice())
    throw new KnownError(
      'invalid_parameter',
      `invalid output path: ${JSON.stringify(path)} must be a directory or a regular file: got a device`,
    );
}

/** Errors of the file system in Go's words. */
export function goError(call: string, path: string, error: unknown): KnownError {
  const texts: Readonly<Record<string, string>> = {
    ENOENT: 'no such file or directory',
    ENOTDIR: 'not a directory',
    EACCES: 'permission denied',
    ELOOP: 'too many levels of symbolic links',
  };
  const text = texts[errnoOf(error) ?? ''] ?? messageOf(error);
  return new KnownError('invalid_parameter', `${call} ${path}: ${text}`, { cause: error });
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOTDIR') throw new KnownError('invalid_parameter', 'not a directory', { cause: error });
    throw goError('lstat', goClean(path), error);
  }
}

function lstatOf(path: string): ReturnType<typeof statSync> & object {
  try {
    return lstatSync(byCall(path));
  } catch (error) {
    throw goError('lstat', path, error);
  }
}

function statOf(path: string): ReturnType<typeof statSync> & object {
  try {
    return statSync(path);
  } catch (error) {
    throw goError('stat', path, error);
  }
}

/** A slash at the end means a folder, and follows a link, which not every runtime hands to the kernel as it is. */
export function byCall(path: string): string {
  return path.endsWith('/') && path !== '/' ? `${path}.` : path;
}
