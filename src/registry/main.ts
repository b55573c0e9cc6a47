import { readFile } from 'node:fs/promises';
import { KnownError, messageOf } from '../lib/errors.ts';
import type { RegistryConfig } from './config/config.ts';
import { parseAddress, parseConfig } from './config/parse-config.ts';
import { createLog } from './log.ts';
import { serve } from './serve.ts';

const USAGE = `Usage: registry serve [--addr HOST:PORT] [--root FOLDER] [FILE]

Serves images. FILE is the CNCF registry's config.yml (docs/concepts/registry.md); without it the registry listens on
127.0.0.1:5000, keeps its data in /var/lib/registry, and lets everybody pull, push and delete.

  --addr HOST:PORT  instead of http.addr
  --root FOLDER     instead of storage.filesystem.rootdirectory
`;

/** Without a file. */
const DEFAULTS = 'http: { addr: "127.0.0.1:5000" }\nstorage: { delete: { enabled: true } }\n';

interface Arguments {
  readonly file: string | undefined;
  readonly addr: string | undefined;
  readonly root: string | undefined;
}

/** Runs until SIGTERM or SIGINT; SIGUSR2 collects garbage at once. Resolves with the exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(USAGE);
    return 0;
  }
  try {
    return await run(await readConfig(parseArguments(argv)));
  } catch (error) {
    process.stderr.write(`registry: ${messageOf(error)}\n`);
    return 1;
  }
}

async function run(config: RegistryConfig): Promise<number> {
  const { level, formatter, fields } = config.log;
  const log = createLog({ level, formatter, fields, now: Date.now, write: (line) => void process.stderr.write(line) });
  const { promise: told, resolve: tell } = Promise.withResolvers<string>();
  process.once('SIGTERM', () => tell('SIGTERM')).once('SIGINT', () => tell('SIGINT'));
  const running = await serve(config, log);
  process.on('SIGUSR2', () => void running.maintenance.collectNow());
  log.info('stopping', { signal: await told });
  await running.stop();
  return 0;
}

/** Errors: invalid_parameter. */
export function parseArguments(argv: readonly string[]): Arguments {
  const [command, ...rest] = argv;
  if (command !== 'serve') throw usage(command === undefined ? 'a command is missing' : `unknown command ${command}`);
  const flags = new Map<string, string>();
  const files: string[] = [];
  for (let index = 0; index < rest.length; index++) {
    const word = rest[index] ?? '';
    const [name = '', inline] = word.split(/=(.*)/s, 2);
    if (!word.startsWith('-')) files.push(word);
    else if (name !== '--addr' && name !== '--root') throw usage(`unknown flag ${name}`);
    else flags.set(name, inline ?? rest[++index] ?? '');
  }
  if (files.length > 1) throw usage('one configuration file at most');
  if ([...flags.values()].includes('')) throw usage('a flag has no value');
  return { file: files[0], addr: flags.get('--addr'), root: flags.get('--root') };
}

async function readConfig({ file, addr, root }: Arguments): Promise<RegistryConfig> {
  const text = file === undefined ? DEFAULTS : await readFile(file, 'utf8');
  const { http, storage, ...config } = parseConfig(text, process.env);
  return {
    ...config,
    http: addr === undefined ? http : { ...http, address: parseAddress(addr, 'tcp') },
    storage: root === undefined ? storage : { ...storage, root },
  };
}

function usage(why: string): KnownError {
  return new KnownError('invalid_parameter', `${why}\n${USAGE.split('\n')[0]}`);
}
