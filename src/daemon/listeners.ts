import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createConnection, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { KnownError, messageOf } from '../lib/errors.ts';
import { invalid } from '../lib/invalid.ts';
import { noteOrigin, type Origin } from '../server/access/origin.ts';
import type { AccessPolicy } from '../server/access/policy.ts';
import type { TlsFiles } from './config/daemon-config.ts';
import { type ListenAddress, parseListenAddress } from './listen-address.ts';

const KEEP_ALIVE_MS = 60_000;

export interface ListenerSettings {
  readonly tls: TlsFiles | undefined;
  /** Of the unix sockets: a name or number; one that does not exist leaves them root's. */
  readonly group: string;
  /** A user has said that plain TCP may be served to everybody. */
  readonly plainTcp: boolean;
  readonly warn: (message: string) => void;
}

export interface Listeners {
  /** As logged: paths and addresses. */
  readonly addresses: readonly string[];
  /** Takes no new connections and removes the sockets. Those that are open go on: who is attached sees the end of his container. */
  close(): void;
  /** Ends the connections that are open. */
  disconnect(): void;
}

/** A socket to open; without a policy its clients may do everything. */
export interface Listener {
  readonly host: string;
  readonly policy?: AccessPolicy;
  /** Instead of the settings' group. */
  readonly group?: string | undefined;
}

/**
 * Opens every listener; what comes there goes to `api`. All or nothing.
 * Errors: invalid_parameter for addresses, certificates, and plain TCP beyond loopback, which would be root for everyone who reaches it;
 * conflict for a socket that somebody answers on; system.
 */
export async function openListeners(
  api: Server,
  listeners: readonly Listener[],
  settings: ListenerSettings,
): Promise<Listeners> {
  const wanted = listeners.map(({ host, ...listener }) => ({
    ...listener,
    address: parseListenAddress(host, settings.tls !== undefined),
  }));
  for (const { address } of wanted) checkPlainTcp(address, settings);
  const connections = new Set<Socket>();
  const opened: { readonly server: Server; readonly shown: string; readonly path?: string }[] = [];
  const close = (): void => {
    for (const { server, path } of opened) {
      server.close();
      if (path !== undefined) rmSync(path, { force: true });
    }
  };
  const disconnect = (): void => {
    for (const connection of connections) connection.destroy();
  };
  try {
    for (const { address, policy, group = settings.group } of wanted) {
      const server = address.kind === 'tcp' && settings.tls ? tlsServer(settings.tls) : createServer();
      server.keepAliveTimeout = KEEP_ALIVE_MS;
      forward(server, api, connections, { policy, listener: address.shown });
      if (address.kind === 'unix') await preparePath(address.path);
      await started(server, placeOf(address));
      if (address.kind === 'unix') giveToGroup(address.path, group, settings.warn);
      opened.push({ server, shown: address.shown, ...(address.kind === 'unix' && { path: address.path }) });
    }
  } catch (error) {
    close();
    disconnect();
    throw error;
  }
  return { addresses: opened.map(({ shown }) => shown), close, disconnect };
}

function checkPlainTcp(address: ListenAddress, { tls, plainTcp, warn }: ListenerSettings): void {
  if (address.kind !== 'tcp' || tls) return;
  if (address.loopback) return;
  if (!plainTcp)
    throw invalid(
      `cannot listen on ${address.shown}: without TLS everyone who reaches it is root on this machine; use --tlsverify, or say --tls=false to serve it all the same`,
    );
  warn(`API is served on ${address.shown} without encryption: everyone who reaches it is root on this machine`);
}

type Place = { readonly path: string } | { readonly host: string; readonly port: number };

function placeOf(address: ListenAddress): Place {
  return address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port };
}

/** Mutual TLS when a client authority is named. */
function tlsServer({ cert, key, clientCa }: TlsFiles): Server {
  return createTlsServer({
    minVersion: 'TLSv1.2',
    cert: readPem('tlscert', cert),
    key: readPem('tlskey', key),
    ...(clientCa !== undefined && {
      ca: readPem('tlscacert', clientCa),
      requestCert: true,
      rejectUnauthorized: true,
    }),
  }) as Server;
}

function readPem(setting: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new KnownError('invalid_parameter', `could not read ${setting} ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** One API behind every listener. The server itself forgets connections that it has handed over to attach and exec. */
function forward(server: Server, api: Server, connections: Set<Socket>, origin: Origin): void {
  server.on('request', (request, response) => {
    noteOrigin(request, origin);
    api.emit('request', request, response);
  });
  server.on('upgrade', (request, socket, head) => {
    noteOrigin(request, origin);
    api.emit('upgrade', request, socket, head);
  });
  server.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
}

async function preparePath(path: string): Promise<void> {
  if (await answers(path)) throw new KnownError('conflict', `another daemon listens on ${path}`);
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { force: true });
}

/** 0660, so that the group alone decides who else may ask for root's work. */
function giveToGroup(path: string, group: string, warn: ListenerSettings['warn']): void {
  chmodSync(path, 0o660);
  const gid = groupId(group);
  if (gid !== undefined) chownSync(path, 0, gid);
  else if (group !== '' && group !== 'docker') warn(`could not change group ${path} to ${group}: no such group`);
}

/** Of group(5). */
function groupId(group: string): number | undefined {
  if (/^\d+$/.test(group)) return Number(group);
  const row = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === group);
  return row?.[2] === undefined ? undefined : Number(row[2]);
}

async function started(server: Server, where: Place): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(where, resolve);
  await promise;
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
