import { KnownError } from '../lib/errors.ts';

/** What the command line asks for. */
export type Command =
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'version' }
  | ({ readonly kind: 'serve'; readonly addr: string | undefined } & Where)
  | ({ readonly kind: 'garbage-collect' } & Where & CollectOptions);

export interface Where {
  /** The configuration file. */
  readonly file: string | undefined;
  /** Instead of storage.filesystem.rootdirectory. */
  readonly root: string | undefined;
}

export interface CollectOptions {
  readonly dryRun: boolean;
  readonly deleteUntagged: boolean;
  readonly quiet: boolean;
}

const USAGE = `Usage: registry COMMAND

Keeps images for a team: the OCI distribution API, a page for browsers.

  serve            serves images
  garbage-collect  removes what no manifest leads to, while nobody serves
  --version        prints the version

registry COMMAND --help tells more.
`;

const SERVE = `Usage: registry serve [--addr HOST:PORT] [--root FOLDER] [FILE]

Serves images. FILE is the CNCF registry's config.yml (docs/concepts/registry.md); without it the registry listens on
127.0.0.1:5000, keeps its data in /var/lib/registry, and lets everybody pull, push and delete.

  --addr HOST:PORT  instead of http.addr
  --root FOLDER     instead of storage.filesystem.rootdirectory

SIGTERM and SIGINT stop it in order. SIGUSR2 collects garbage at once.
`;

const COLLECT = `Usage: registry garbage-collect [-d] [-m] [-q] [--root FOLDER] [FILE]

Removes blobs that no manifest leads to, however young, from the storage that FILE names. A registry that serves it must be
stopped first; one that serves collects by itself (skiff.collection).

  -d, --dry-run          tells what would be removed, and removes nothing
  -m, --delete-untagged  removes manifests too that no tag, no kept index and no kept subject leads to
  -q, --quiet            tells the sums only
      --root FOLDER      instead of storage.filesystem.rootdirectory
`;

interface Flag {
  readonly names: readonly string[];
  readonly takesValue: boolean;
}

const ROOT: Flag = { names: ['--root'], takesValue: true };
const ADDR: Flag = { names: ['--addr'], takesValue: true };
const DRY_RUN: Flag = { names: ['--dry-run', '-d'], takesValue: false };
const UNTAGGED: Flag = { names: ['--delete-untagged', '-m'], takesValue: false };
const QUIET: Flag = { names: ['--quiet', '-q'], takesValue: false };

/** Errors: invalid_parameter. */
export function parseArguments(argv: readonly string[]): Command {
  const [command, ...rest] = argv;
  if (command === '--version' || command === '-v') return { kind: 'version' };
  if (command === '--help' || command === '-h' || command === 'help') return { kind: 'help', text: USAGE };
  if (command === 'serve') {
    if (asksForHelp(rest)) return { kind: 'help', text: SERVE };
    const { file, value } = parseWords(rest, [ADDR, ROOT], SERVE);
    return { kind: 'serve', file, addr: value(ADDR), root: value(ROOT) };
  }
  if (command === 'garbage-collect') {
    if (asksForHelp(rest)) return { kind: 'help', text: COLLECT };
    const { file, has, value } = parseWords(rest, [DRY_RUN, UNTAGGED, QUIET, ROOT], COLLECT);
    const options = { dryRun: has(DRY_RUN), deleteUntagged: has(UNTAGGED), quiet: has(QUIET) };
    return { kind: 'garbage-collect', file, root: value(ROOT), ...options };
  }
  throw refused(command === undefined ? 'a command is missing' : `unknown command ${command}`, USAGE);
}

function asksForHelp(words: readonly string[]): boolean {
  return words.includes('--help') || words.includes('-h');
}

interface Words {
  readonly file: string | undefined;
  readonly has: (flag: Flag) => boolean;
  readonly value: (flag: Flag) => string | undefined;
}

function parseWords(words: readonly string[], flags: readonly Flag[], usage: string): Words {
  const given = new Map<Flag, string>();
  const files: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? '';
    const [name = '', inline] = word.split(/=(.*)/s, 2);
    const flag = flags.find(({ names }) => names.includes(name));
    if (!word.startsWith('-')) files.push(word);
    else if (flag === undefined) throw refused(`unknown flag ${name}`, usage);
    else if (!flag.takesValue && inline !== undefined) throw refused(`${name} takes no value`, usage);
    else given.set(flag, flag.takesValue ? (inline ?? words[++index] ?? '') : name);
  }
  if (files.length > 1) throw refused('one configuration file at most', usage);
  if ([...given.values()].includes('')) throw refused('a flag has no value', usage);
  return { file: files[0], has: (flag) => given.has(flag), value: (flag) => given.get(flag) };
}

function refused(why: string, usage: string): KnownError {
  return new KnownError('invalid_parameter', `${why}\n${usage.split('\n')[0]}`);
}
