import { createServer, type Socket } from 'node:net';
import { errnoOf, KnownError } from '../../lib/errors.ts';
import { bindSocket, closeFd, listenSocket, openSocket, reuseAddress, socketPort } from '../ffi/libc.host.ts';
import { createFrameReader, formatFrame } from './dns-frames.ts';
import type { Answer, DnsSockets } from './dns-sockets.ts';
import { inNamespaceOf } from './enter.host.ts';

const [AF_INET, SOCK_STREAM, SOCK_DGRAM, CLOEXEC_NONBLOCK] = [2, 1, 2, 0o2000000 | 0o4000];
const PORT = 53;
const MOST_CONNECTIONS = 64;
/** A TCP client that says nothing for so long is let go. */
const IDLE_MS = 10_000;
/** One that asks without taking the answers is let go when so much waits for it. */
const MOST_UNREAD_BYTES = 256 * 1024;

/** Sockets stay in the namespace in which they were made, wherever the thread is that uses them. */
export function createDnsSockets(): DnsSockets {
  return {
    listen(netnsPath, answer, { aside = false } = {}) {
      const { udp, tcp } = inNamespaceOf(netnsPath, () => openPair(aside));
      const safe = neverFail(answer);
      const closers = [serveUdp(udp, safe), serveTcp(tcp, safe)];
      return {
        close() {
          for (const close of closers.splice(0)) close();
        },
      };
    },
  };
}

/** In the namespace of the calling thread. */
function openPair(aside: boolean): { readonly udp: number; readonly tcp: number } {
  const opened: number[] = [];
  const open = (type: number): number => {
    const fd = openSocket(AF_INET, type | CLOEXEC_NONBLOCK, 0);
    opened.push(fd);
    if (!aside) reuseAddress(fd);
    bindSocket(fd, Buffer.from([AF_INET, 0, 0, aside ? 0 : PORT, 127, 0, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0]));
    return fd;
  };
  try {
    const [udp, tcp] = [open(SOCK_DGRAM), open(SOCK_STREAM)];
    listenSocket(tcp, MOST_CONNECTIONS);
    if (aside) leadTo({ udp: socketPort(udp), tcp: socketPort(tcp) });
    return { udp, tcp };
  } catch (error) {
    for (const fd of opened) closeFd(fd);
    if (errnoOf(error) !== 'EADDRINUSE') throw error;
    throw new KnownError('conflict', 'port 53 of 127.0.0.11, where names are resolved, is taken in the container', {
      cause: error,
    });
  }
}

/** Rules of the namespace, instead of those for the sockets of an earlier daemon. */
function leadTo(ports: { readonly udp: number; readonly tcp: number }): void {
  const rules = (['udp', 'tcp'] as const)
    .map((protocol) => `ip daddr 127.0.0.11 ${protocol} dport ${PORT} dnat to 127.0.0.11:${ports[protocol]}`)
    .join('\n');
  const script = `add table ip skiff_dns
delete table ip skiff_dns
table ip skiff_dns {
chain output {
type nat hook output priority -100
${rules}
}
}
`;
  const { exitCode, stderr } = Bun.spawnSync(['nft', '-f', '-'], { stdin: Buffer.from(script), stdout: 'ignore' });
  if (exitCode === 0) return;
  throw new KnownError('system', `nft ended with status ${exitCode}: ${stderr.toString().slice(-4096).trim()}`);
}

/** A failure is no answer: clients ask again. What needs no waiting does not wait. */
function neverFail(answer: Answer): Answer {
  return (query, via) => {
    try {
      const response = answer(query, via);
      return response instanceof Promise ? response.catch(() => undefined) : response;
    } catch {
      return undefined;
    }
  };
}

/**
 * By the runtime's own socket: that of `node:dgram` takes half as many queries. The first answer of a turn of the loop goes out at once, the
 * others together at its end: a call of the system for each would cost as much again.
 */
function serveUdp(fd: number, answer: Answer): () => void {
  let closed = false;
  let isLater = false;
  let ready: (Uint8Array | number | string)[] = [];
  const options: Bun.udp.SocketOptions<'buffer'> & { readonly fd: number } = {
    fd,
    socket: {
      data(socket, query, port, address) {
        const send = (response: Uint8Array | undefined): void => {
          if (!response || closed) return;
          if (isLater) return void ready.push(response, port, address);
          isLater = true;
          setImmediate(sendReady, socket);
          tryToSend(() => socket.send(response, port, address));
        };
        const response = answer(query, 'udp');
        if (response instanceof Promise) void response.then(send);
        else send(response);
      },
      // The namespace may go before its last answer.
      error: () => undefined,
    },
  };
  function sendReady(socket: Bun.udp.Socket<'buffer'>): void {
    const sending = ready;
    ready = [];
    isLater = false;
    if (!closed && sending.length > 0) tryToSend(() => socket.sendMany(sending));
  }
  const opening = Bun.udpSocket(options);
  const opened = opening.catch(() => undefined);
  void opened.then((socket) => socket?.unref());
  return () => {
    closed = true;
    void opened.then((socket) => socket?.close());
  };
}

/** A client without an answer asks again. */
function tryToSend(send: () => unknown): void {
  try {
    send();
  } catch {
    // The namespace may be going, or its rules may refuse it.
  }
}

function serveTcp(fd: number, answer: Answer): () => void {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    if (open.size >= MOST_CONNECTIONS) return void socket.destroy();
    open.add(socket);
    const read = createFrameReader();
    const send = (response: Uint8Array | undefined): void => {
      if (!response || socket.destroyed) return;
      if (socket.writableLength > MOST_UNREAD_BYTES) socket.destroy();
      else socket.write(formatFrame(response));
    };
    socket.on('error', () => socket.destroy());
    socket.on('close', () => open.delete(socket));
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      for (const query of read(chunk)) void Promise.resolve(answer(query, 'tcp')).then(send);
    });
  });
  server.on('error', () => undefined);
  server.listen({ fd });
  server.unref();
  return () => {
    server.close();
    for (const socket of open) socket.destroy();
  };
}
