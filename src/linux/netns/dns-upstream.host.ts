import { isIPv6 } from 'node:net';
import { KnownError, messageOf } from '../../lib/errors.ts';
import { createFrameReader, formatFrame } from './dns-frames.ts';
import type { DnsServer, DnsUpstream } from './dns-upstream.ts';
import { inNamespaceOf } from './enter.host.ts';

const PORT = 53;
/** A connection that nobody answers cannot be given up before the system does, after minutes: more at once fail. */
const MOST_OPENING = 256;

interface Exchange {
  readonly query: Uint8Array;
  readonly port: number;
  readonly take: (message: Uint8Array) => void;
  readonly fail: (error: unknown) => void;
}

/** `port`: for tests. */
export function createDnsUpstream({ port = PORT }: { readonly port?: number } = {}): DnsUpstream {
  const connecting = countConnections();
  return {
    async ask(server, query, via, isAnswer, { timeoutMs, signal }) {
      const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
      const fail = (error: unknown): void =>
        reject(new KnownError('system', `asking ${server.address}: ${messageOf(error)}`, { cause: error }));
      const take = (message: Uint8Array): void => {
        if (isAnswer(message)) resolve(message);
      };
      const onAbort = (): void => reject(new KnownError('cancelled', `${server.address} is not waited for`));
      const timer = setTimeout(
        () => reject(new KnownError('deadline', `${server.address} did not answer within ${timeoutMs} ms`)),
        timeoutMs,
      );
      signal.addEventListener('abort', onAbort);
      const make = (): Promise<() => void> => open(server, via, { query, port, take, fail });
      const opening = via === 'tcp' ? connecting(server.netnsPath ?? '', make) : make();
      opening.catch(fail);
      try {
        return await promise;
      } finally {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        void opening.then(
          (close) => close(),
          () => undefined,
        );
      }
    },
  };
}

/** Counts what is being opened, by namespace. Errors: unavailable beyond the most. */
function countConnections(): <T>(netns: string, make: () => Promise<T>) => Promise<T> {
  const counts = new Map<string, number>();
  return async (netns, make) => {
    const before = counts.get(netns) ?? 0;
    if (before >= MOST_OPENING) throw new KnownError('unavailable', 'too many connections are being opened');
    counts.set(netns, before + 1);
    try {
      return await make();
    } finally {
      const left = (counts.get(netns) ?? 1) - 1;
      if (left > 0) counts.set(netns, left);
      else counts.delete(netns);
    }
  };
}

/** The runtime makes the socket at once, before its promise is waited for: it belongs to the namespace of that moment. */
function open({ address, netnsPath }: DnsServer, via: 'udp' | 'tcp', exchange: Exchange): Promise<() => void> {
  const make = (): Promise<() => void> => (via === 'udp' ? askUdp(address, exchange) : askTcp(address, exchange));
  try {
    return netnsPath === undefined ? make() : inNamespaceOf(netnsPath, make);
  } catch (error) {
    return Promise.reject(error);
  }
}

/**
 * A socket of its own for each query, connected: its random port is part of what an answer has to know, the kernel passes on messages of
 * that server alone, and a port that nobody listens at is an error at once.
 */
function askUdp(address: string, { query, port, take, fail }: Exchange): Promise<() => void> {
  const opening = Bun.udpSocket({
    hostname: isIPv6(address) ? '::' : '0.0.0.0',
    connect: { hostname: address, port },
    socket: {
      data: (_socket, message) => take(Uint8Array.from(message)),
      error: (_socket, error) => fail(error ?? 'connection refused'),
    },
  });
  return opening.then((socket) => {
    try {
      socket.send(query);
    } catch (error) {
      socket.close();
      throw error;
    }
    return () => socket.close();
  });
}

function askTcp(address: string, { query, port, take, fail }: Exchange): Promise<() => void> {
  const read = createFrameReader();
  const opening = Bun.connect({
    hostname: address,
    port,
    socket: {
      open: (socket) => void socket.write(formatFrame(query)),
      data(_socket, chunk) {
        for (const message of read(chunk)) take(message);
      },
      error: (_socket, error) => fail(error),
      close: () => fail('the connection ended'),
    },
  });
  return opening.then((socket) => () => socket.terminate());
}
