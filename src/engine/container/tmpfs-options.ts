import { KnownError } from '../../lib/errors.ts';

/** What a tmpfs of a container has unless its options say otherwise. */
const DEFAULTS = ['noexec', 'nosuid', 'nodev'];

/** Options that are switches, by what they are about: of each the last one counts (moby/sys/mount). */
const SWITCHES: Readonly<Record<string, string>> = {
  ro: 'ro',
  rw: 'ro',
  exec: 'exec',
  noexec: 'exec',
  suid: 'suid',
  nosuid: 'suid',
  dev: 'dev',
  nodev: 'dev',
  sync: 'sync',
  async: 'sync',
  dirsync: 'dirsync',
  atime: 'atime',
  noatime: 'atime',
  diratime: 'diratime',
  nodiratime: 'diratime',
  relatime: 'relatime',
  norelatime: 'relatime',
  strictatime: 'strictatime',
  nostrictatime: 'strictatime',
  mand: 'mand',
  nomand: 'mand',
  private: 'propagation',
  rprivate: 'propagation',
  shared: 'propagation',
  rshared: 'propagation',
  slave: 'propagation',
  rslave: 'propagation',
  unbindable: 'propagation',
  runbindable: 'propagation',
};
const VALUES = ['size', 'mode', 'uid', 'gid', 'nr_inodes', 'nr_blocks', 'mpol'];

/** The defaults and what is given, without contradictions: the later one counts. Errors: system, in Docker's words, for what no tmpfs takes. */
export function mergeTmpfsOptions(given: readonly string[]): readonly string[] {
  const chosen = new Map<string, string>();
  for (const option of [...DEFAULTS, ...given]) {
    if (option === 'defaults') continue;
    const name = option.split('=', 1)[0] ?? '';
    const key = Object.hasOwn(SWITCHES, option) ? SWITCHES[option] : undefined;
    if (key === undefined && (!option.includes('=') || !VALUES.includes(name)))
      throw new KnownError('system', `invalid tmpfs option ${JSON.stringify(name)}`);
    const about = key ?? `${name}=`;
    chosen.delete(about);
    chosen.set(about, option);
  }
  return [...chosen.values()];
}

/** `64m` for 67108864: with the largest unit that leaves no rest, as Docker writes it. */
export function formatTmpfsSize(bytes: number): string {
  for (const [unit, size] of [
    ['g', 2 ** 30],
    ['m', 2 ** 20],
    ['k', 2 ** 10],
  ] as const)
    if (bytes % size === 0) return `${bytes / size}${unit}`;
  return String(bytes);
}
