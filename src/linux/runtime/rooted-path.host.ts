import { chownSync, lstatSync, mkdirSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, KnownError } from '../../lib/errors.ts';

/** As many links as the kernel follows, path_resolution(7). */
const LINKS_MAX = 40;

/**
 * Where `path` leads when `root` is taken for `/`: symbolic links and `..` stay below it. Parts that do not exist are kept as they are.
 * Only for a tree that nobody else changes meanwhile. Errors: invalid_parameter for a loop of links.
 */
export function resolveInRoot(root: string, path: string): string {
  const todo = path.split('/').toReversed();
  const done: string[] = [];
  let links = 0;
  for (let part = todo.pop(); part !== undefined; part = todo.pop()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      done.pop();
      continue;
    }
    const target = readLink(join(root, ...done, part));
    if (target === undefined) {
      done.push(part);
      continue;
    }
    if (++links > LINKS_MAX) throw new KnownError('invalid_parameter', `too many levels of symbolic links: ${path}`);
    if (target.startsWith('/')) done.length = 0;
    todo.push(...target.split('/').toReversed());
  }
  return join(root, ...done);
}

function readLink(path: string): string | undefined {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : undefined;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Makes `path` below `root`, and what is missing above it, with `owner`. Errors: invalid_parameter when a file is in the way. */
export function ensureFolderInRoot(
  root: string,
  path: string,
  owner: { readonly uid: number; readonly gid: number },
): void {
  const whole = resolveInRoot(root, path);
  let current = root;
  for (const part of whole.slice(root.length).split('/').filter(Boolean)) {
    current = join(current, part);
    if (isFolder(current, path)) continue;
    mkdirSync(current, 0o755);
    chownSync(current, owner.uid, owner.gid);
  }
}

function isFolder(current: string, path: string): boolean {
  try {
    if (statSync(current).isDirectory()) return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
  throw new KnownError('invalid_parameter', `Cannot mkdir: ${path} is not a directory`);
}
