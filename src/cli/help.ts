import type { Flag } from '../lib/flags/flag.ts';
import { formatFlags } from '../lib/flags/help.ts';
import { typedUsage } from './arguments.ts';
import type { Command } from './command.ts';
import { NOUNS, type Row, TABLE } from './commands/table.ts';

/** What `docker <command> --help` prints. */
export function commandHelp(command: Command, row: Row, path: string, columns: number): string {
  const names = aliasesOf(row);
  const parts = [`Usage:  ${typedUsage(command.usage, path)}\n\n${command.description}\n`];
  if (command.experimental) parts.push(experimentalNote(path));
  if (names.length > 1) parts.push(`\nAliases:\n  ${names.join(', ')}\n`);
  const flags = formatFlags(withHelpFlag(command.flags), columns);
  if (flags !== '') parts.push(`\nOptions:\n${flags}`);
  return parts.join('');
}

/** Where -h is taken, --help is shown among the options. */
function withHelpFlag(flags: readonly Flag[]): readonly Flag[] {
  if (!flags.some((flag) => flag.short === 'h')) return flags;
  return [...flags, { name: 'help', kind: 'bool', description: 'Print usage' }];
}

function aliasesOf(row: Row): readonly string[] {
  if (row.names !== undefined) return row.names;
  if (row.noun === undefined) return [];
  const verbs = [row.verb, ...(row.aliases ?? [])].map((verb) => `docker ${row.noun} ${verb}`);
  return row.top === undefined ? verbs : [...verbs, `docker ${row.top}`];
}

/** What `docker container` prints. */
export function nounHelp(noun: string): string {
  const rows = TABLE.filter((row) => row.noun === noun).map((row) => [row.verb, row.description] as const);
  const isManifest = noun === 'manifest';
  return [
    `Usage:  docker ${noun} COMMAND\n\n${isManifest ? ABOUT_MANIFEST : (NOUNS[noun] ?? '')}\n`,
    isManifest ? experimentalNote('docker manifest') : '',
    section('Commands', rows),
    `\nRun 'docker ${noun} COMMAND --help' for more information on a command.\n`,
  ].join('');
}

const ABOUT_MANIFEST = `The **docker manifest** command has subcommands for managing image manifests and
manifest lists. A manifest list allows you to use one name to refer to the same image
built for multiple architectures.

To see help for a subcommand, use:

    docker manifest CMD --help

For full details on using docker manifest lists, see the registry v2 specification.`;

function experimentalNote(path: string): string {
  return `
EXPERIMENTAL:
  ${path} is an experimental feature.
  Experimental features provide early access to product functionality. These
  features may change between releases without warning, or can be removed from a
  future release. Learn more about experimental features in our documentation:
  https://docs.docker.com/go/experimental/
`;
}

const COMMON = ['run', 'exec', 'ps', 'build', 'pull', 'push', 'images', 'login', 'logout', 'search', 'version', 'info'];

/** What `docker` alone prints. */
export function rootHelp(flags: readonly Flag[], columns: number): string {
  const tops = TABLE.flatMap((row) => {
    const name = row.noun === undefined ? row.verb : row.top;
    return name === undefined ? [] : [[name, row.description] as const];
  });
  const common = COMMON.flatMap((name) => tops.filter(([top]) => top === name));
  return [
    'Usage:  docker [OPTIONS] COMMAND\n\nA self-sufficient runtime for containers\n',
    section('Common Commands', common, false),
    section('Management Commands', Object.entries(NOUNS)),
    section(
      'Commands',
      tops.filter(([top]) => !COMMON.includes(top)),
    ),
    `\nGlobal Options:\n${formatFlags(flags, columns)}`,
    "\nRun 'docker COMMAND --help' for more information on a command.\n",
    '\nFor more help on how to use Docker, head to https://docs.docker.com/go/guides/\n',
  ].join('');
}

const NAME_COLUMNS = 11;

function section(title: string, rows: readonly (readonly [string, string])[], sorted = true): string {
  const ordered = sorted ? [...rows].sort(([a], [b]) => (a < b ? -1 : 1)) : rows;
  return `\n${title}:\n${ordered.map(([name, text]) => `  ${name.padEnd(NAME_COLUMNS)} ${text}\n`).join('')}`;
}
