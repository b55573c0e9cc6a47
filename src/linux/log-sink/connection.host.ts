import { readFileSync } from 'node:fs';
import { createConnection, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { KnownError, wrapError } from '../../lib/errors.ts';
import { dialError, formatHostPort } from './dial-error.ts';
import type { StreamAddress, TlsOptions } from './log-sink.ts';

/** How long a connection may take to come about. */
const CONNECT_TIMEOUT_MS = 10_000;
/** How long the other side may take nothing of what is written. */
export const WRITE_TIMEOUT_MS = 30_000;

/** A stream to a log server. Errors of every method: system; the connection is of no use any more then. */
export interface Connection extends AsyncDisposable {
  /** Resolves when the machine has taken the bytes. */
  write(bytes: Uint8Array | string, wait: Wait): Promise<void>;
  /** Resolves when `expected` was read, and nothing else. */
  expect(expected: Uint8Array, wait: Wait): Promise<void>;
  readonly broken: Promise<Error>;
}

interface Wait {
  readonly signal: AbortSignal;
  readonly timeoutMs?: number;
}

/** Errors: system in Go's words; invalid_parameter for files of TLS that cannot be read. */
export async function connectStream(
  address: StreamAddress,
  tls: TlsOptions | undefined,
  { signal }: { readonly signal: AbortSignal },
): Promise<Connection> {
  const network = address.kind === 'unix' ? 'unix' : 'tcp';
  const target = address.kind === 'unix' ? address.path : formatHostPort(address);
  const socket = openSocket(address, tls);
  const ready = Promise.withResolvers<void>();
  socket.once(address.kind === 'tls' ? 'secureConnect' : 'connect', () => ready.resolve());
  socket.once('error', ready.reject);
  socket.once('close', () => ready.reject(new KnownError('system', 'connection closed')));
  try {
    await within(ready.promise, { signal, timeoutMs: CONNECT_TIMEOUT_MS });
  } catch (error) {
    socket.on('error', () => undefined);
    socket.destroy();
    throw dialError(network, target, error);
  }
  return wrap(socket, `${network} ${target}`);
}

function openSocket(address: StreamAddress, tls: TlsOptions | undefined): Socket {
  if (address.kind === 'unix') return createConnection({ path: address.path });
  const { host, port } = address;
  if (address.kind === 'tcp') return createConnection({ host, port });
  return connectTls({
    host,
    port,
    ...(isIP(host) === 0 && { servername: host }),
    ...(tls?.caCert && { ca: readPem(tls.caCert) }),
    ...(tls?.cert && { cert: readPem(tls.cert) }),
    ...(tls?.key && { key: readPem(tls.key) }),
    rejectUnauthorized: !tls?.skipVerify,
  });
}

function readPem(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw wrapError(error, `could not read certificate ${path}`);
  }
}

function wrap(socket: Socket, name: string): Connection {
  const broken = Promise.withResolvers<Error>();
  let received = Buffer.alloc(0);
  // Of everybody who waits: a promise that lives as long as the connection would keep a trace of each race with it.
  const losers = new Set<(error: Error) => void>();
  let lost: Error | undefined;
  let hear = (): void => undefined;
  const lose = (error?: Error): void => {
    lost ??= new KnownError('system', `${name}: ${error?.message ?? 'the other side has closed the connection'}`);
    broken.resolve(lost);
    for (const reject of losers) reject(lost);
  };
  /** Runs `begin` and waits until it says that it is done, the connection is lost, or the wait is over. */
  const attempt = async (begin: (done: (error?: Error | null) => void) => void, wait: Wait): Promise<void> => {
    if (lost) throw lost;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    losers.add(reject);
    try {
      begin((error) => (error ? reject(error) : resolve()));
      await within(promise, wait);
    } finally {
      losers.delete(reject);
    }
  };
  socket.on('error', lose);
  socket.on('end', () => lose());
  socket.on('close', () => lose());
  socket.on('data', (chunk: Buffer) => {
    // Nothing is expected beyond an answer of a few bytes.
    received = received.length > 4096 ? Buffer.from(chunk) : Buffer.concat([received, chunk]);
    hear();
  });
  return {
    broken: broken.promise,
    write: async (bytes, wait) => await attempt((done) => void socket.write(bytes, done), wait),
    async expect(expected, wait) {
      while (received.length < expected.length)
        await attempt((done) => {
          hear = () => done();
        }, wait);
      const answer = received.subarray(0, expected.length);
      received = received.subarray(expected.length);
      if (!answer.equals(expected)) throw new KnownError('system', `${name}: not the answer that was expected`);
    },
    async [Symbol.asyncDispose]() {
      if (socket.destroyed) return;
      // What is written gets out before the end; a peer that takes nothing is left.
      const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
      socket.end();
      await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 500).unref())]);
      socket.destroy();
    },
  };
}

/** Errors: system after that time, cancelled when the signal is aborted first. */
async function within<T>(work: Promise<T>, { signal, timeoutMs = WRITE_TIMEOUT_MS }: Wait): Promise<T> {
  const over = Promise.withResolvers<never>();
  const timer = setTimeout(() => over.reject(new KnownError('system', 'i/o timeout')), timeoutMs);
  const abort = (): void => over.reject(new KnownError('cancelled', 'cancelled', { cause: signal.reason }));
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, over.promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}
