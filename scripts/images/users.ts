/** Accounts as the official busybox image has them; a row is name, uid, gid, home, shell. */
const USERS = [
  ['root', 0, 0, '/root', '/bin/sh'],
  ['daemon', 1, 1, '/usr/sbin', '/bin/false'],
  ['bin', 2, 2, '/bin', '/bin/false'],
  ['sys', 3, 3, '/dev', '/bin/false'],
  ['sync', 4, 100, '/bin', '/bin/sync'],
  ['mail', 8, 8, '/var/spool/mail', '/bin/false'],
  ['www-data', 33, 33, '/var/www', '/bin/false'],
  ['operator', 37, 37, '/var', '/bin/false'],
  ['nobody', 65534, 65534, '/home', '/bin/false'],
] as const;

const GROUPS =
  'root:0 daemon:1 bin:2 sys:3 adm:4 tty:5 disk:6 lp:7 mail:8 kmem:9 wheel:10 cdrom:11 dialout:18 floppy:19 video:28 audio:29 tape:32 www-data:33 operator:37 utmp:43 plugdev:46 staff:50 lock:54 netdev:82 users:100 nobody:65534';

export interface Account {
  readonly name: string;
  /** User id and group id. */
  readonly id: number;
  readonly home: string;
}

/** /etc/passwd, group and shadow; nobody can log in with a password. `extra` accounts come with a group of their own. */
export function accountFiles(extra: readonly Account[] = []): Readonly<Record<string, string>> {
  const users = [...USERS, ...extra.map(({ name, id, home }) => [name, id, id, home, '/bin/false'] as const)];
  const groups = [...GROUPS.split(' '), ...extra.map(({ name, id }) => `${name}:${id}`)];
  return {
    'etc/passwd': lines(
      users.map(([name, uid, gid, home, shell]) => `${name}:x:${uid}:${gid}:${name}:${home}:${shell}`),
    ),
    'etc/group': lines(groups.map((group) => `${group.replace(':', ':x:')}:${group === 'wheel:10' ? 'root' : ''}`)),
    'etc/shadow': lines(users.map(([name]) => `${name}:*:::::::`)),
  };
}

function lines(rows: readonly string[]): string {
  return rows.map((row) => `${row}\n`).join('');
}
