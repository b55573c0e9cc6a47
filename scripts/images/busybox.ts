import { directories, type FileTree, mergeTrees, symlinks, type TreeNode, textFiles } from './tree.ts';
import { accountFiles } from './users.ts';

/** The one static program and the names it answers to. */
export interface BusyboxProgram {
  readonly binary: Uint8Array;
  /** As `busybox --list` prints them. */
  readonly applets: readonly string[];
}

export const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export const BUSYBOX_CONFIG = { Env: [DEFAULT_PATH], Cmd: ['sh'] } as const;

/** The root of the official busybox image, as far as a static program needs it: applets are hard links in /bin. */
export function busyboxRoot({ binary, applets }: BusyboxProgram): FileTree {
  const links = applets
    .filter((name) => name !== 'busybox')
    .map((name): [string, TreeNode] => [`bin/${name}`, { kind: 'hardLink', target: 'bin/busybox' }]);
  return mergeTrees(
    directories({
      home: 0o755,
      root: 0o700,
      tmp: 0o1777,
      'usr/sbin': 0o755,
      'var/spool/mail': 0o755,
      'var/www': 0o755,
    }),
    textFiles({
      ...accountFiles(),
      'etc/hostname': '',
      'etc/nsswitch.conf': 'passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n',
    }),
    symlinks({ 'usr/bin/env': '../../bin/env' }),
    new Map<string, TreeNode>([['bin/busybox', { kind: 'file', content: binary, mode: 0o755 }], ...links]),
  );
}
