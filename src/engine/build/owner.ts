import { KnownError } from '../../lib/errors.ts';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * `user[:group]` of --chown or USER, names looked up in the image's own files. A user alone brings the group of passwd, a number
 * alone the group of the same number. Errors: invalid_parameter for a name that is not there.
 */
export async function resolveOwner(
  text: string,
  readFile: (path: string) => Promise<string | undefined>,
): Promise<Owner> {
  const [user = '', group] = text.split(':', 2);
  const found = /^\d+$/.test(user)
    ? { uid: Number(user), gid: Number(user) }
    : lookUp((await readFile('/etc/passwd')) ?? '', user, 'user');
  if (group === undefined || group === '') return found;
  const gid = /^\d+$/.test(group) ? Number(group) : lookUp((await readFile('/etc/group')) ?? '', group, 'group').uid;
  return { uid: found.uid, gid };
}

/** The numbers in the third and fourth column. */
function lookUp(file: string, name: string, what: string): Owner {
  const row = file
    .split('\n')
    .map((line) => line.split(':'))
    .find(([first]) => first === name);
  if (row === undefined || !/^\d+$/.test(row[2] ?? ''))
    throw new KnownError(
      'invalid_parameter',
      `unable to convert uid/gid chown string to host mapping: can't find ${what} ${name}`,
    );
  return { uid: Number(row[2]), gid: Number(row[3] || '0') };
}
