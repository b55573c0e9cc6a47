import { KnownError } from '../../../lib/errors.ts';
import type { SpecUser } from './runtime-spec.ts';

/** Text of /etc/passwd and /etc/group. */
export interface Accounts {
  readonly passwd: string;
  readonly group: string;
}

interface Passwd {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/**
 * Finds `user[:group]`, each a name or a number, in the image's own files, with the user's further groups; `groupAdd` adds more.
 * Errors: invalid_parameter in Docker's words.
 */
export function lookUpUser(
  text: string,
  accounts: Accounts,
  groupAdd: readonly string[] = [],
): SpecUser & { readonly home: string } {
  const [user = '', group] = text.split(':', 2);
  const groups = rows(accounts.group).map(([name = '', , gid, members = '']) => ({
    name,
    gid: Number(gid),
    members: members.split(','),
  }));
  const entry = findUser(user, accounts);
  const gidOf = (name: string): number => {
    const found = groups.find((row) => row.name === name)?.gid ?? parseId(name);
    if (found === undefined)
      throw new KnownError('invalid_parameter', `unable to find group ${name}: no matching entries in group file`);
    return found;
  };
  const gid = group ? gidOf(group) : entry.gid;
  const member = group
    ? []
    : groups.filter((row) => entry.name !== '' && row.members.includes(entry.name)).map((row) => row.gid);
  const additionalGids = [...new Set([gid, ...member, ...groupAdd.map(gidOf)])];
  return { uid: entry.uid, gid, additionalGids, home: entry.home };
}

function findUser(user: string, accounts: Accounts): Passwd {
  const users = rows(accounts.passwd).map(([name = '', , uid, gid, , home = '']) => ({
    name,
    uid: Number(uid),
    gid: Number(gid),
    home: home || '/',
  }));
  const id = parseId(user);
  const wanted =
    user === ''
      ? users.find(({ uid }) => uid === 0)
      : (users.find(({ name }) => name === user) ?? users.find(({ uid }) => uid === id));
  if (wanted) return wanted;
  if (user !== '' && id === undefined)
    throw new KnownError('invalid_parameter', `unable to find user ${user}: no matching entries in passwd file`);
  return { name: '', uid: id ?? 0, gid: 0, home: user === '' || id === 0 ? '/root' : '/' };
}

function rows(text: string): readonly (readonly string[])[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'));
}

function parseId(text: string): number | undefined {
  if (!/^\d{1,10}$/.test(text)) return undefined;
  const id = Number(text);
  if (id > 0x7fffffff) throw new KnownError('invalid_parameter', 'uids and gids must be in range 0-2147483647');
  return id;
}
