import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import { KnownError, messageOf } from '../../lib/errors.ts';
import { createFrameReader, formatFrame } from './dns-frames.ts';
import type { DnsUpstream } from './dns-upstream.ts';

const PORT = 53;

/** `port`: for tests. */
export function createDnsUpstream({ port = PORT }: { readonly port?: number } = {}): DnsUpstream {
  return {
    async ask(server, query, via, timeoutMs, isAnswer) {
      const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
      const fail = (error: unknown): void =>
        reject(new KnownError('system', `asking ${server}: ${messageOf(error)}`, { cause: error }));
      const take = (message: Uint8Array): void => {
        if (isAnswer(message)) resolve(message);
      };
      const close = via === 'udp' ? askUdp(server, port, query, take, fail) : askTcp(server, port, query, take, fail);
      const timer = setTimeout(
        () => reject(new KnownError('deadline', `${server} did not answer within ${timeoutMs} ms`)),
        timeoutMs,
      );
      try {
        return await promise;
      } finally {
        clearTimeout(timer);
        close();
      }
    },
  };
}

type Take = (message: Uint8Array) => void;

/** A socket of its own for each query: its random port is part of what an answer has to know. */
function askUdp(
  server: string,
  port: number,
  query: Uint8Array,
  take: Take,
  fail: (error: unknown) => void,
): () => void {
  const socket = createSocket(isIPv6(server) ? 'udp6' : 'udp4');
  socket.on('error', fail);
  socket.on('message', (message, from) => {
    if (from.port === port && from.address === server) take(Uint8Array.from(message));
  });
  socket.send(query, port, server, (error) => {
    if (error) fail(error);
  });
  return () => socket.close();
}

function askTcp(
  server: string,
  port: number,
  query: Uint8Array,
  take: Take,
  fail: (error: unknown) => void,
): () => void {
  const socket = connect({ host: server, port });
  const read = createFrameReader();
  socket.on('error', fail);
  socket.on('data', (chunk: Buffer) => {
    for (const message of read(chunk)) take(message);
  });
  socket.on('end', () => fail('the connection ended'));
  socket.end(formatFrame(query));
  return () => socket.destroy();
}
