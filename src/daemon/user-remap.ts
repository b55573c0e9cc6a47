import { existsSync, readFileSync } from 'node:fs';
import { KnownError, messageOf } from '../lib/errors.ts';
import type { IdMap, IdMapRange } from '../lib/id-map.ts';
import { invalid } from '../lib/invalid.ts';
import type { Log } from './log.ts';

/** The user whose ranges `default` means; made when it is not there. */
const DEFAULT_USER = 'dockremap';
const RANGE_COUNT = 65_536;
const FIRST_RANGE = 100_000;

/** The machine's files of accounts as text. */
export interface AccountFiles {
  readonly passwd: string;
  readonly group: string;
  readonly subuid: string;
  readonly subgid: string;
}

/**
 * What `userns-remap` asks for: `default`, or user[:group] by names or numbers. Undefined where nothing is remapped, root to itself included.
 * Errors: invalid_parameter in Docker's words; system when the default user cannot be made.
 */
export function readIdMap(setting: string, log: Log): IdMap | undefined {
  if (setting === '') return undefined;
  if (setting === 'default') ensureDefaultUser();
  const files = readAccountFiles();
  const user = remappedUser(setting === 'default' ? DEFAULT_USER : setting, files);
  if (user.name === 'root') {
    log.warn('User namespaces: root cannot be remapped with itself; user namespaces are OFF');
    return undefined;
  }
  log.info(`User namespaces: ID ranges will be mapped to subuid/subgid ranges of: ${user.name}`);
  return planIdMap(user, files);
}

/** Errors: invalid_parameter. */
export function remappedUser(
  setting: string,
  { passwd, group }: AccountFiles,
): { readonly name: string; readonly uid: string } {
  const parts = setting.split(':');
  if (parts.length > 2) throw invalid(`Invalid user/group specification in --userns-remap: "${setting}"`);
  const [user = '', asGroup] = parts;
  const row = rows(passwd).find(([name, , uid]) => name === user || uid === user);
  if (!row) throw invalid(`Error during uid lookup for "${user}": no matching entries in passwd file`);
  if (asGroup !== undefined && !rows(group).some(([name, , gid]) => name === asGroup || gid === asGroup))
    throw invalid(`Error during groupname lookup for "${asGroup}": no matching entries in group file`);
  return { name: row[0] ?? '', uid: row[2] ?? '' };
}

/** The user's ranges of subuid(5) and subgid(5), one after another from 0 inside. Errors: invalid_parameter for a user without. */
export function planIdMap(
  user: { readonly name: string; readonly uid: string },
  { subuid, subgid }: AccountFiles,
): IdMap {
  return { uids: rangesOf(user, subuid, 'subuid'), gids: rangesOf(user, subgid, 'subgid') };
}

function rangesOf(
  { name, uid }: { readonly name: string; readonly uid: string },
  text: string,
  file: string,
): readonly IdMapRange[] {
  let disk = 0;
  const ranges = rows(text).flatMap(([owner, first, size]): readonly IdMapRange[] => {
    const count = Number(size);
    if ((owner !== name && owner !== uid) || !(count > 0) || !/^\d+$/.test(first ?? '')) return [];
    const range = { disk, seen: Number(first), count };
    disk += count;
    return [range];
  });
  if (ranges.length === 0) throw invalid(`Can't create ID mappings: no ${file} ranges found for user "${name}"`);
  return ranges;
}

/** The first range of both files that nobody has. */
export function freeRange({ subuid, subgid }: AccountFiles): { readonly first: number; readonly last: number } {
  const ends = [...rows(subuid), ...rows(subgid)].map(([, first, count]) => Number(first) + Number(count));
  const first = Math.max(FIRST_RANGE, ...ends.filter(Number.isFinite));
  return { first, last: first + RANGE_COUNT - 1 };
}

/** As dockerd has it, a system user without a home. */
function ensureDefaultUser(): void {
  const known = rows(readAccountFiles().passwd).some(([name]) => name === DEFAULT_USER);
  if (!known) run('useradd', '--system', '--user-group', '--no-create-home', '--shell', '/bin/false', DEFAULT_USER);
  const files = readAccountFiles();
  for (const [text, option] of [
    [files.subuid, '--add-subuids'],
    [files.subgid, '--add-subgids'],
  ] as const) {
    if (rows(text).some(([owner]) => owner === DEFAULT_USER)) continue;
    const { first, last } = freeRange(files);
    run('usermod', option, `${first}-${last}`, DEFAULT_USER);
  }
}

function run(...argv: readonly string[]): void {
  try {
    const { exitCode, stderr } = Bun.spawnSync([...argv]);
    if (exitCode !== 0) throw new Error(stderr.toString().trim());
  } catch (error) {
    throw new KnownError('system', `making the user ${DEFAULT_USER}: ${argv[0]}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function readAccountFiles(): AccountFiles {
  const read = (name: string): string => (existsSync(`/etc/${name}`) ? readFileSync(`/etc/${name}`, 'utf8') : '');
  return { passwd: read('passwd'), group: read('group'), subuid: read('subuid'), subgid: read('subgid') };
}

function rows(text: string): readonly (readonly string[])[] {
  return text.split('\n').map((line) => line.trim().split(':'));
}
