import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { errnoOf, KnownError, wrapError } from '../../lib/errors.ts';
import { closeFd, connectSocket, forceSendBuffer, openSocket, sendBytes } from '../ffi/libc.host.ts';
import { dialError, formatHostPort } from './dial-error.ts';

const AF_UNIX = 1;
const SOCK_DGRAM_NONBLOCK_CLOEXEC = 2 | 0o4000 | 0o2000000;
/** The largest datagram: one record with all labels of a container that has very many. */
const DATAGRAM_MAX_BYTES = 8 * 1024 * 1024;
/** Longest path of a unix socket (unix(7)). */
const PATH_BYTES = 107;
const FULL_RETRY_MS = 5;

/** Sends whole messages. */
export interface Datagrams extends AsyncDisposable {
  /** Resolves when the machine has taken it; waits while a local receiver's queue is full. Errors: system, cancelled. */
  send(bytes: Uint8Array, options: { readonly signal: AbortSignal }): Promise<void>;
}

/** UDP. Errors: system when the name is not known. */
export async function openUdp(address: { readonly host: string; readonly port: number }): Promise<Datagrams> {
  const { host, port } = address;
  const target = formatHostPort(address);
  const ip = await lookup(host).catch((error: unknown) => {
    throw dialError('udp', target, error);
  });
  const socket = createSocket(isIP(ip.address) === 6 ? 'udp6' : 'udp4');
  socket.on('error', () => undefined);
  socket.unref();
  return {
    async send(bytes) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      socket.send(bytes, port, ip.address, (error) => (error ? reject(error) : resolve()));
      try {
        await promise;
      } catch (error) {
        // Nobody listens, or it can never be sent: with datagrams that is no reason to stop.
        if (!['ECONNREFUSED', 'EMSGSIZE'].includes(errnoOf(error) ?? '')) throw wrapError(error, `udp ${target}`);
      }
    },
    async [Symbol.asyncDispose]() {
      socket.close();
    },
  };
}

/** A unix datagram socket. Errors: system in Go's words when nobody has it. */
export function openUnixDatagrams(path: string): Datagrams {
  if (Buffer.byteLength(path) > PATH_BYTES)
    throw new KnownError('invalid_parameter', `path of a unix socket is too long: ${path}`);
  const fd = openSocket(AF_UNIX, SOCK_DGRAM_NONBLOCK_CLOEXEC, 0);
  try {
    connectSocket(fd, Buffer.concat([Buffer.from([AF_UNIX, 0]), Buffer.from(`${path}\0`)]));
    forceSendBuffer(fd, DATAGRAM_MAX_BYTES);
  } catch (error) {
    closeFd(fd);
    throw dialError('unixgram', path, error);
  }
  return {
    async send(bytes, { signal }) {
      while (!trySend(fd, bytes)) {
        if (signal.aborted) throw new KnownError('cancelled', 'cancelled', { cause: signal.reason });
        await new Promise((resolve) => setTimeout(resolve, FULL_RETRY_MS));
      }
    },
    async [Symbol.asyncDispose]() {
      closeFd(fd);
    },
  };
}

/** False while the receiver's queue is full. What is larger than the kernel takes is left out: it would stand in the way for ever. */
function trySend(fd: number, bytes: Uint8Array): boolean {
  try {
    sendBytes(fd, bytes);
    return true;
  } catch (error) {
    if (['EAGAIN', 'EWOULDBLOCK'].includes(errnoOf(error) ?? '')) return false;
    if (['EMSGSIZE', 'ENOBUFS'].includes(errnoOf(error) ?? '')) return true;
    throw error;
  }
}
