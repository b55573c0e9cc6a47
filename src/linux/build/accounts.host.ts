import { readFileSync } from 'node:fs';
import { KnownError } from '../../lib/errors.ts';
import { resolveInRoot } from '../runtime/rooted-path.host.ts';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const ROOT: Owner = { uid: 0, gid: 0 };

/** The owner that `user[:group]` means to the tree at `root`; '' is root. */
export function readOwner(root: string, text: string): Owner {
  return text === '' ? ROOT : findOwner(text, (path) => readText(resolveInRoot(root, path)));
}

/**
 * Names are looked up in the tree's own files. A user alone brings the group of passwd, a number alone the group of the same number.
 * Errors: invalid_parameter for a name that is not there.
 */
export function findOwner(text: string, readFile: (path: string) => string): Owner {
  const [user = '', group] = text.split(':', 2);
  const found = isNumber(user)
    ? { uid: Number(user), gid: Number(user) }
    : lookUp(readFile('/etc/passwd'), user, 'user', 3);
  if (group === undefined || group === '') return found;
  const gid = isNumber(group) ? Number(group) : lookUp(readFile('/etc/group'), group, 'group', 2).gid;
  return { uid: found.uid, gid };
}

function isNumber(text: string): boolean {
  return /^\d{1,10}$/.test(text);
}

function lookUp(file: string, name: string, what: string, gidAt: number): Owner {
  const row = file
    .split('\n')
    .map((line) => line.split(':'))
    .find(([first]) => first === name);
  if (row === undefined || !isNumber(row[2] ?? ''))
    throw new KnownError(
      'invalid_parameter',
      `unable to convert uid/gid chown string to host mapping: can't find ${what} ${name}`,
    );
  return { uid: Number(row[2]), gid: Number(row[gidAt] || '0') };
}

const MAX_BYTES = 4 * 1024 * 1024;

function readText(path: string): string {
  try {
    return readFileSync(path).subarray(0, MAX_BYTES).toString('utf8');
  } catch {
    return ''; // no accounts at all
  }
}
