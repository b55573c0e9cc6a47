import { createSocket } from 'node:dgram';
import { createServer, type Socket } from 'node:net';
import { errnoOf, KnownError } from '../../lib/errors.ts';
import { bindSocket, closeFd, listenSocket, openSocket, reuseAddress } from '../ffi/libc.host.ts';
import { createFrameReader, formatFrame } from './dns-frames.ts';
import type { Answer, DnsSockets } from './dns-sockets.ts';
import { inNamespaceOf } from './enter.host.ts';

const [AF_INET, SOCK_STREAM, SOCK_DGRAM, CLOEXEC_NONBLOCK] = [2, 1, 2, 0o2000000 | 0o4000];
const ADDRESS = Buffer.from([AF_INET, 0, 0, 53, 127, 0, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0]);
const MOST_ANSWERING = 256;
const MOST_CONNECTIONS = 64;
/** A TCP client that says nothing for so long is let go. */
const IDLE_MS = 10_000;

/** Sockets stay in the namespace in which they were made, wherever the thread is that uses them. */
export function createDnsSockets(): DnsSockets {
  return {
    listen(netnsPath, answer) {
      const { udp, tcp } = inNamespaceOf(netnsPath, openPair);
      const bounded = boundAnswer(answer);
      const closers = [serveUdp(udp, bounded), serveTcp(tcp, bounded)];
      return {
        close() {
          for (const close of closers.splice(0)) close();
        },
      };
    },
  };
}

function openPair(): { readonly udp: number; readonly tcp: number } {
  const opened: number[] = [];
  const open = (type: number): number => {
    const fd = openSocket(AF_INET, type | CLOEXEC_NONBLOCK, 0);
    opened.push(fd);
    reuseAddress(fd);
    bindSocket(fd, ADDRESS);
    return fd;
  };
  try {
    const [udp, tcp] = [open(SOCK_DGRAM), open(SOCK_STREAM)];
    listenSocket(tcp, MOST_CONNECTIONS);
    return { udp, tcp };
  } catch (error) {
    for (const fd of opened) closeFd(fd);
    if (errnoOf(error) !== 'EADDRINUSE') throw error;
    throw new KnownError('conflict', 'port 53 of 127.0.0.11, where names are resolved, is taken in the container', {
      cause: error,
    });
  }
}

/** A failure is no answer: clients ask again. */
function boundAnswer(answer: Answer): Answer {
  let answering = 0;
  return async (query, via) => {
    if (answering >= MOST_ANSWERING) return undefined;
    answering++;
    try {
      return await answer(query, via);
    } catch {
      return undefined;
    } finally {
      answering--;
    }
  };
}

function serveUdp(fd: number, answer: Answer): () => void {
  const socket = createSocket('udp4');
  let closed = false;
  // The namespace may go before its last answer.
  socket.on('error', () => undefined);
  socket.on('message', (query, { address, port }) => {
    void answer(query, 'udp').then((response) => {
      if (response && !closed) socket.send(response, port, address, () => undefined);
    });
  });
  socket.bind({ fd });
  socket.unref();
  return () => {
    closed = true;
    socket.close();
  };
}

function serveTcp(fd: number, answer: Answer): () => void {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    if (open.size >= MOST_CONNECTIONS) return void socket.destroy();
    open.add(socket);
    const read = createFrameReader();
    socket.on('error', () => socket.destroy());
    socket.on('close', () => open.delete(socket));
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      for (const query of read(chunk))
        void answer(query, 'tcp').then((response) => {
          if (response && !socket.destroyed) socket.write(formatFrame(response));
        });
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
