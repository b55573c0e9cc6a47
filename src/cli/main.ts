import { createEngineApi } from '../client/engine-api.ts';
import { KnownError, messageOf } from '../lib/errors.ts';
import type { Flags } from '../lib/flags/flag.ts';
import { FlagError, type ParsedFlags, parseFlags } from '../lib/flags/parse.ts';
import { argumentProblem, typedUsage } from './arguments.ts';
import { CLIENT_VERSION } from './client-version.ts';
import type { CommandContext } from './command.ts';
import { type Resolved, type Row, resolveCommand } from './commands/table.ts';
import { headersIn, loadConfig, textIn } from './config/load.ts';
import { decideTarget } from './config/target.ts';
import { ExitError } from './exit-error.ts';
import { globalFlags, isLogLevel } from './global-flags.ts';
import { printTo } from './print.ts';

const USAGE_STATUS = 125;

type Print = (text: string | Uint8Array) => void;

/** The outside of the program; tests give their own. */
export interface Program {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly out: Print;
  readonly err: Print;
  /** Width of the terminal, for the help. */
  readonly columns: number;
}

/** `docker`: runs the command in `argv` (without the program's name) and resolves with the exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  const program: Program = {
    env: process.env,
    out: (text) => printTo(1, text),
    err: (text) => printTo(2, text),
    get columns() {
      return process.stdin.isTTY ? (process.stdout.columns ?? DEFAULT_COLUMNS) : DEFAULT_COLUMNS;
    },
  };
  return await runProgram(argv, program);
}

const DEFAULT_COLUMNS = 80;

/** `main` with its outside given. */
export async function runProgram(argv: readonly string[], program: Program): Promise<number> {
  try {
    return await dispatch(argv, program);
  } catch (error) {
    const text = messageOf(error);
    if (text !== '') program.err(`${text}\n`);
    return error instanceof ExitError ? error.status : 1;
  }
}

async function dispatch(argv: readonly string[], program: Program): Promise<number> {
  const home = program.env['DOCKER_CONFIG'] || `${program.env['HOME'] ?? ''}/.docker`;
  const known = globalFlags(home);
  const before = parseOrExplain(() => parseFlags(known, argv, false), 'docker', 'docker [OPTIONS] COMMAND [ARG...]');
  if (!isLogLevel(before.flags.text('log-level'))) {
    throw new KnownError('invalid_parameter', `Unable to parse logging level: ${before.flags.text('log-level')}`);
  }
  if (before.flags.bool('version')) {
    program.out(`Docker version ${CLIENT_VERSION}, build skiff\n`);
    return 0;
  }
  const [first] = before.args;
  const asked = first === 'help';
  const words = asked ? before.args.slice(1) : before.args;
  if (words.length === 0) {
    const print = before.help || asked ? program.out : program.err;
    print((await import('./help.ts')).rootHelp(known, program.columns));
    return 0;
  }
  const found = resolveCommand(words);
  if (asked && found.row === undefined && (found.noun === undefined || found.rest.length > 0)) {
    throw new KnownError('invalid_parameter', `unknown help topic: ${words.join(' ')}`);
  }
  if (found.row === undefined && found.noun === undefined) return await runUnknown(found, argv, before.flags);
  if (found.row === undefined) return await runNoun(found, program, before.help || asked);
  return await runCommand(found.row, found, before.flags, program, before.help || asked);
}

/** A plugin's command, or nobody's. */
async function runUnknown({ path }: Resolved, argv: readonly string[], globals: Flags): Promise<number> {
  const { findPlugin, runPlugin } = await import('./plugin.ts');
  const directory = globals.text('config');
  const extra = loadConfig(`${directory}/config.json`).raw['cliPluginsExtraDirs'];
  const plugin = findPlugin(path.replace(/^docker /, ''), directory, Array.isArray(extra) ? extra.map(String) : []);
  if (plugin !== undefined) return await runPlugin(plugin, argv);
  throw new ExitError(1, `docker: unknown command: ${path}\n\nRun 'docker --help' for more information`);
}

async function runNoun(found: Resolved, program: Program, help: boolean): Promise<number> {
  const { noun = '', path, rest } = found;
  const parsed = parseOrExplain(() => parseFlags([], rest), path, path);
  if (parsed.args.length === 0 || parsed.help) {
    const print = help || parsed.help ? program.out : program.err;
    const lead = noun === 'manifest' && !help && !parsed.help ? '\n' : '';
    print(lead + (await import('./help.ts')).nounHelp(noun));
    return 0;
  }
  const typed = `${path} ${parsed.args[0]}`;
  throw new ExitError(
    1,
    `docker: unknown command: ${typed}\n\nUsage:  ${path}${noun === 'manifest' ? ' COMMAND' : ''}\n\nRun '${path} --help' for more information`,
  );
}

async function runCommand(row: Row, found: Resolved, globals: Flags, program: Program, help: boolean): Promise<number> {
  const command = await row.load();
  const usage = typedUsage(command.usage, found.path);
  const parsed = parseOrExplain(
    () => parseFlags(command.flags, found.rest, command.interspersed ?? true),
    found.path,
    usage,
  );
  for (const notice of parsed.notices) program.out(notice);
  if (parsed.help || help) {
    program.out((await import('./help.ts')).commandHelp(command, row, found.path, program.columns));
    return 0;
  }
  const problem = argumentProblem(parsed.args.length, command.args, found.path, usage);
  if (problem !== undefined) throw new ExitError(1, problem);
  return await command.run(await createContext(globals, program, command.withoutDaemon ?? false), parsed);
}

function parseOrExplain(parse: () => ParsedFlags, path: string, usage: string): ParsedFlags {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    const text = `${error.message}\n\nUsage:  ${usage}\n\nRun '${path} --help' for more information`;
    throw new ExitError(USAGE_STATUS, text);
  }
}

/** Options first, then the environment. */
function wantedTls(globals: Flags, env: Program['env']): { readonly tls: boolean; readonly verify: boolean } {
  const verify = globals.given('tlsverify') ? globals.bool('tlsverify') : Boolean(env['DOCKER_TLS_VERIFY']);
  return { tls: verify || globals.bool('tls') || Boolean(env['DOCKER_TLS']), verify };
}

async function createContext(globals: Flags, program: Program, withoutDaemon: boolean): Promise<CommandContext> {
  const { env } = program;
  const directory = globals.text('config');
  const path = `${directory}/config.json`;
  const { raw, problem } = loadConfig(path);
  if (problem !== undefined) program.err(problem);
  const context = globals.text('context');
  const envContext = env['DOCKER_CONTEXT'];
  const currentContext = textIn(raw, 'currentContext');
  const needsStore = Boolean(context || envContext || currentContext);
  const store = needsStore ? await import('./config/context.ts') : undefined;
  const wants = wantedTls(globals, env);
  const target = decideTarget({
    hosts: globals.list('host'),
    context,
    envHost: env['DOCKER_HOST'],
    envContext,
    currentContext,
    tls: wants.tls
      ? (await import('./config/tls.ts')).readTls(globals, env['DOCKER_CERT_PATH'] || directory, wants.verify)
      : undefined,
    readContext: (name) => (withoutDaemon ? undefined : store?.readContextEndpoint(directory, name)) ?? { host: '' },
  });
  const version = env['DOCKER_API_VERSION']?.replace(/^v/, '');
  const api = createEngineApi({
    endpoint: target.endpoint,
    headers: headersIn(raw),
    ...(version ? { version } : {}),
    userAgent: `Docker-Client/${CLIENT_VERSION} (linux)`,
  });
  const config = { path, raw, contextName: target.contextName, debug: globals.bool('debug') };
  return { api, out: program.out, err: program.err, config };
}
