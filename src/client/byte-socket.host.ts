import type { Socket } from 'bun';
import { type ByteSocket, READ_AHEAD } from './byte-socket.ts';
import type { Endpoint } from './endpoint.ts';

/**
 * Connects to a daemon. Bun's own sockets rather than node:net: they load nothing, and the start of `docker ps` is measured.
 * Rejects with the system's error (`code` ENOENT, ECONNREFUSED, EACCES, ENOTFOUND).
 */
export async function openSocket(endpoint: Endpoint): Promise<ByteSocket> {
  const state = new SocketState();
  const handlers = {
    data: (socket: Socket, chunk: Uint8Array) => state.received(socket, chunk),
    drain: () => state.drained(),
    end: () => state.ended(),
    close: (_socket: Socket, error?: Error) => state.ended(error),
    error: (_socket: Socket, error: Error) => state.ended(error),
  };
  const options = { allowHalfOpen: true, socket: handlers };
  if (endpoint.kind === 'unix') return toByteSocket(await Bun.connect({ ...options, unix: endpoint.path }), state);
  const { hostname, port, tls } = endpoint;
  if (!tls) return toByteSocket(await Bun.connect({ ...options, hostname, port }), state);
  const { verify, ...material } = tls;
  const { promise: trusted, resolve, reject } = Promise.withResolvers<void>();
  trusted.catch(() => undefined); // the connection itself may fail first
  const handshake = (socket: Socket, success: boolean, problem: Error | null): void => {
    if (success || !verify) return resolve();
    reject(problem ?? new Error('the TLS handshake failed'));
    socket.terminate();
  };
  const close = (_socket: Socket, error?: Error): void => {
    state.ended(error);
    reject(error ?? new Error('EOF'));
  };
  const socket = await Bun.connect({
    ...options,
    hostname,
    port,
    socket: { ...handlers, handshake, close },
    // Bun checks the certificate against this name too
    tls: { ...material, rejectUnauthorized: verify, serverName: hostname },
  });
  await trusted;
  return toByteSocket(socket, state);
}

function toByteSocket(socket: Socket, state: SocketState): ByteSocket {
  return {
    async write(bytes) {
      let sent = 0;
      while (sent < bytes.length) {
        if (state.closed) throw state.failure ?? new Error('the connection was closed by the daemon');
        const taken = socket.write(sent === 0 ? bytes : bytes.subarray(sent));
        if (taken < 0) throw new Error('the connection was closed by the daemon');
        sent += taken;
        if (sent < bytes.length) await state.untilDrained();
      }
      socket.flush();
    },
    read: () => state.next(socket),
    unread: (bytes) => state.putBack(bytes),
    shutdown: () => {
      socket.shutdown();
    },
    close: () => {
      state.ended();
      socket.terminate();
    },
  };
}

class SocketState {
  closed = false;
  failure: Error | undefined;
  private queue: Uint8Array[] = [];
  private queuedBytes = 0;
  private paused = false;
  private reader: (() => void) | undefined;
  private writer: (() => void) | undefined;

  received(socket: Socket, chunk: Uint8Array): void {
    this.queue.push(chunk);
    this.queuedBytes += chunk.length;
    if (this.queuedBytes > READ_AHEAD && !this.paused) {
      this.paused = true;
      socket.pause();
    }
    this.wakeReader();
  }

  ended(error?: Error): void {
    this.closed = true;
    this.failure ??= error;
    this.wakeReader();
    this.drained();
  }

  drained(): void {
    const wake = this.writer;
    this.writer = undefined;
    wake?.();
  }

  untilDrained(): Promise<void> {
    return new Promise((resolve) => {
      this.writer = resolve;
    });
  }

  putBack(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.queue.unshift(bytes);
    this.queuedBytes += bytes.length;
  }

  async next(socket: Socket): Promise<Uint8Array | undefined> {
    for (;;) {
      const chunk = this.queue.shift();
      if (chunk !== undefined) {
        this.queuedBytes -= chunk.length;
        if (this.paused && this.queuedBytes < READ_AHEAD / 2) {
          this.paused = false;
          socket.resume();
        }
        return chunk;
      }
      if (this.failure !== undefined) throw this.failure;
      if (this.closed) return undefined;
      await new Promise<void>((resolve) => {
        this.reader = resolve;
      });
    }
  }

  private wakeReader(): void {
    const wake = this.reader;
    this.reader = undefined;
    wake?.();
  }
}
