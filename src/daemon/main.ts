import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createConnection, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { KnownError, messageOf } from '../lib/errors.ts';
import { tryLock } from '../linux/ffi/libc.host.ts';
import { assemble, ENGINE_VERSION } from './assemble.ts';
import { parseConfig, usage } from './config.ts';
import { createLog } from './log.ts';

/** dockerd: runs until a signal ends it. Resolves with the exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  let config: ReturnType<typeof parseConfig>;
  try {
    config = parseConfig(argv);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\nSee 'dockerd --help'.\n`);
    return 125;
  }
  if (config.help) return print(usage());
  if (config.version) return print(`Docker version ${ENGINE_VERSION}, build skiff\n`);
  const log = createLog(config.debug);
  try {
    await using undo = new AsyncDisposableStack(); // the orderly end, and that of a start that fails halfway
    const lock = lockDataRoot(config.dataRoot);
    undo.defer(() => closeSync(lock));
    writePidFile(config.pidFile);
    undo.defer(() => rmSync(config.pidFile, { force: true }));
    const engine = await assemble(config, log);
    const connections = trackConnections(engine.server);
    undo.defer(() => {
      for (const connection of connections) connection.destroy();
    });
    undo.defer(() => engine.shutdown());
    undo.defer(() => void engine.server.close());
    for (const host of config.hosts) {
      const address = await listen(engine.server, host);
      if (address.startsWith('/')) undo.defer(() => rmSync(address, { force: true }));
      log.info(`API listen on ${address}`);
    }
    log.info('Daemon has completed initialization');
    engine.tidy();
    log.info(`Processing signal '${await firstSignal()}'`);
    return 0;
  } catch (error) {
    log.error('failed to start daemon', error);
    return 1;
  }
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

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

/** Resolves with the path or address. Errors: invalid_parameter for other schemes and for TCP beyond loopback, which would be root for everyone who reaches it. */
async function listen(server: Server, host: string): Promise<string> {
  const unix = /^unix:\/\/(\/.+)$/.exec(host)?.[1];
  if (unix !== undefined) {
    if (await answers(unix)) throw new KnownError('conflict', `another daemon listens on ${unix}`);
    mkdirSync(dirname(unix), { recursive: true });
    rmSync(unix, { force: true });
    await started(server, { path: unix });
    chmodSync(unix, 0o660);
    return unix;
  }
  const [, address, port] = /^tcp:\/\/(127\.\d+\.\d+\.\d+|localhost|\[::1\]):(\d+)$/.exec(host) ?? [];
  if (address === undefined)
    throw new KnownError(
      'invalid_parameter',
      `cannot listen on ${host}: only unix:///path and tcp:// on loopback are supported yet`,
    );
  await started(server, { host: address.replace(/[[\]]/g, ''), port: Number(port) });
  return `${address}:${port}`;
}

async function started(
  server: Server,
  where: { readonly path: string } | { readonly host: string; readonly port: number },
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(where, resolve);
  await promise;
}

/** Those open now: the server itself forgets the ones it has handed over to attach and exec. */
function trackConnections(server: Server): ReadonlySet<Socket> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  return open;
}

async function answers(path: string): Promise<boolean> {
  if (!existsSync(path)) return false;
  return await new Promise((resolve) => {
    const socket = createConnection({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
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
    process.on('SIGHUP', () => undefined);
  });
}
