import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { KnownError, messageOf } from '../lib/errors.ts';
import { tryLock } from '../linux/ffi/libc.host.ts';
import { assemble, ENGINE_VERSION } from './assemble.ts';
import { type Asked, loadConfig, usage } from './config/load-config.ts';
import { type Listeners, openListeners } from './listeners.ts';
import { createLog } from './log.ts';
import { spareMemoryOf } from './spare-memory.host.ts';

/** dockerd: runs until a signal ends it. Resolves with the exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  let asked: Asked;
  try {
    asked = loadConfig(argv);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\nSee 'dockerd --help'.\n`);
    return 1;
  }
  for (const notice of asked.notices) process.stderr.write(notice);
  if (asked.kind === 'run') return await run(asked);
  process.stdout.write(ANSWERS[asked.kind]());
  return 0;
}

async function run({ config, configFile, reload }: Extract<Asked, { readonly kind: 'run' }>): Promise<number> {
  const log = createLog(config.logLevel, config.logFormat);
  try {
    await using undo = new AsyncDisposableStack(); // the orderly end, and that of a start that fails halfway
    const lock = lockDataRoot(config.dataRoot);
    undo.defer(() => closeSync(lock));
    writePidFile(config.pidFile);
    undo.defer(() => rmSync(config.pidFile, { force: true }));
    if (config.oomScoreAdjust !== undefined) writeFileSync('/proc/self/oom_score_adj', String(config.oomScoreAdjust));
    // Whatever fetches reads them there, as programs do (lower case comes first for some).
    for (const [name, value] of Object.entries(config.proxies)) {
      process.env[name] = value;
      process.env[name.toLowerCase()] = value;
    }
    const engine = await assemble(config, log);
    let listeners: Listeners | undefined;
    undo.defer(() => listeners?.disconnect()); // the last: whoever is attached sees how his container ends
    undo.defer(() => engine.shutdown());
    spareMemoryOf(engine.server);
    listeners = await openListeners(
      engine.server,
      [...config.hosts.map((host) => ({ host })), ...config.restrictedHosts],
      { ...config, warn: (text) => log.warn(text) },
    );
    undo.defer(() => listeners?.close());
    for (const address of listeners.addresses) log.info(`API listen on ${address}`);
    process.on('SIGHUP', () => {
      log.info(`Got signal to reload configuration, reloading from: ${configFile}`);
      try {
        engine.reload(reload());
      } catch (error) {
        log.error('Error reconfiguring the daemon', error);
      }
    });
    log.info('Daemon has completed initialization');
    engine.tidy();
    log.info(`Processing signal '${await firstSignal()}'`);
    return 0;
  } catch (error) {
    log.error('failed to start daemon', error);
    return 1;
  }
}

const ANSWERS = {
  help: () => usage(process.stdout.columns ?? 80),
  version: () => `Docker version ${ENGINE_VERSION}, build skiff\n`,
  validate: () => 'configuration OK\n',
};

/** Two daemons never share a data root. The lock goes with the process. */
function lockDataRoot(dataRoot: string): number {
  mkdirSync(dataRoot, { recursive: true, mode: 0o711 });
  const fd = openSync(join(dataRoot, 'lock'), 'w');
  if (!tryLock(fd)) throw new KnownError('conflict', `another daemon uses ${dataRoot}`);
  return fd;
}

/** A pid file of a process that is gone, is going, or is no daemon is stale and replaced: the data root's lock is held by now. */
function writePidFile(path: string): void {
  const pid = existsSync(path) ? Number(readFileSync(path, 'utf8').trim()) : 0;
  if (pid > 0 && pid !== process.pid && /dockerd|daemon\/entry\.ts/.test(commandLine(pid)))
    throw new KnownError('conflict', `process with PID ${pid} is still running: delete ${path} if it is not a daemon`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, String(process.pid));
}

/** Empty for a process that is gone or going (its memory goes before its locks). */
function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

/** The first signal ends the daemon in order, a second one at once. */
async function firstSignal(): Promise<string> {
  return await new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        resolve(signal);
        process.once(signal, () => process.exit(1));
      });
    }
  });
}
