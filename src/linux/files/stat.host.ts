import { lstatSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { errnoOf, KnownError } from '../../lib/errors.ts';
import { lgetxattr, llistxattr } from '../ffi/libc.host.ts';
import { resolveInRoot } from '../runtime/rooted-path.host.ts';
import type { PathStat } from './container-files.ts';

const S_IFMT = 0o170000;
const S_IFLNK = 0o120000;
const S_IFDIR = 0o040000;

/** A path of this thread's root. Errors: not_found, system with Go's wording of the errno. */
export function statPath(path: string): PathStat {
  const whole = path.startsWith('/') ? path : `/${path}`;
  // By system call, a slash at the end follows a link, and a file with one is no folder.
  const asked = whole.endsWith('/') ? `${whole}.` : whole;
  try {
    const stat = lstatSync(asked, { bigint: true });
    const mode = Number(stat.mode);
    return {
      name: basename(whole) || '/',
      sizeBytes: Number(stat.size),
      mode,
      mtimeNanos: stat.mtimeNs,
      linkTarget: (mode & S_IFMT) === S_IFLNK ? resolveInRoot('/', whole) : '',
    };
  } catch (error) {
    throw toFailure(error, path);
  }
}

const TEXTS: Readonly<Record<string, string>> = {
  ENOTDIR: 'not a directory',
  ELOOP: 'too many levels of symbolic links',
  EACCES: 'permission denied',
  ENAMETOOLONG: 'file name too long',
};

export function toFailure(error: unknown, path: string): unknown {
  const code = errnoOf(error);
  if (code === 'ENOENT') return new KnownError('not_found', `lstat ${path}: no such file or directory`);
  const text = TEXTS[code ?? ''];
  return text ? new KnownError('system', `lstat ${path}: ${text}`, { cause: error }) : error;
}

/**
 * What is packed for a path, and under which name: the last part of the path as it was written, `.` and `/` themselves
 * (moby's archive.TarResourceRebaseOpts).
 */
export function archiveRoot(path: string, { mode }: PathStat): { readonly path: string; readonly name: string } {
  const whole = path.startsWith('/') ? path : `/${path}`;
  if ((mode & S_IFMT) !== S_IFDIR) return { path: whole, name: basename(whole) };
  const name = /(?:^|\/)\.$/.test(whole) ? '.' : basename(whole) || '/';
  return { path: whole.endsWith('/') ? `${whole}.` : whole, name: name === '..' ? basename(dirname(whole)) : name };
}

/** The attributes that copies keep: capabilities of programs. */
export function xattrsOf(path: string): Readonly<Record<string, Uint8Array>> {
  return pick(path, (name) => name === 'security.capability');
}

/** The attributes that layers keep besides: those of users. */
export function layerXattrsOf(path: string): Readonly<Record<string, Uint8Array>> {
  return pick(path, (name) => name === 'security.capability' || name.startsWith('user.'));
}

function pick(path: string, wanted: (name: string) => boolean): Readonly<Record<string, Uint8Array>> {
  const names = llistxattr(path).filter(wanted);
  return Object.fromEntries(names.map((name) => [name, lgetxattr(path, name)]));
}
