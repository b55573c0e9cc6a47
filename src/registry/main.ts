import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../lib/errors.ts';
import { type Command, parseArguments, type Where } from './arguments.ts';
import { collectGarbage } from './collect-garbage.ts';
import type { RegistryConfig } from './config/config.ts';
import { parseAddress, parseConfig } from './config/parse-config.ts';
import { createLog } from './log.ts';
import { serve } from './serve.ts';

/** Without a file. */
const DEFAULTS = 'http: { addr: "127.0.0.1:5000" }\nstorage: { delete: { enabled: true } }\n';

/** Does what the command line says; `serve` runs until SIGTERM or SIGINT. Resolves with the exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    return await run(parseArguments(argv));
  } catch (error) {
    process.stderr.write(`registry: ${messageOf(error)}\n`);
    return 1;
  }
}

async function run(command: Command): Promise<number> {
  const print = (text: string): void => void process.stdout.write(text);
  switch (command.kind) {
    case 'help':
      print(command.text);
      return 0;
    case 'version':
      print(`registry skiff ${await readVersion()}\n`);
      return 0;
    case 'garbage-collect':
      await collectGarbage(await readConfig(command), command, print);
      return 0;
    case 'serve': {
      const config = await readConfig(command);
      const { addr } = command;
      const address = addr === undefined ? config.http.address : parseAddress(addr, 'tcp');
      return await runServer({ ...config, http: { ...config.http, address } });
    }
  }
}

/** SIGUSR2 collects garbage at once. */
async function runServer(config: RegistryConfig): Promise<number> {
  const { level, formatter, fields } = config.log;
  const log = createLog({ level, formatter, fields, now: Date.now, write: (line) => void process.stderr.write(line) });
  const { promise: told, resolve: tell } = Promise.withResolvers<string>();
  process.once('SIGTERM', () => tell('SIGTERM')).once('SIGINT', () => tell('SIGINT'));
  let running: Awaited<ReturnType<typeof serve>> | undefined;
  // A signal that comes while it starts must not end it.
  process.on('SIGUSR2', () => void running?.maintenance.collectNow());
  running = await serve(config, log);
  log.info('stopping', { signal: await told });
  await running.stop();
  return 0;
}

async function readVersion(): Promise<string> {
  const text = await readFile(join(import.meta.dirname, '../../package.json'), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}

async function readConfig({ file, root }: Where): Promise<RegistryConfig> {
  const text = file === undefined ? DEFAULTS : await readFile(file, 'utf8');
  const { storage, ...config } = parseConfig(text, process.env);
  return { ...config, storage: root === undefined ? storage : { ...storage, root } };
}
