import { expect, test } from 'bun:test';
import type { ByteSocket } from '../../client/byte-socket.ts';
import { type PumpOptions, pump } from './pump.ts';

/** A peer in memory: what it sends is given, what it receives is kept. It ends when our side has ended, if it echoes. */
function fakeSocket(sent: readonly string[], endsAfterInput = false) {
  const queue = sent.map((text) => Buffer.from(text));
  const seen = { input: '', shut: false, closed: false };
  const ended = Promise.withResolvers<void>();
  const socket: ByteSocket = {
    write: async (bytes) => {
      seen.input += Buffer.from(bytes).toString();
    },
    read: async () => {
      const next = queue.shift();
      if (next === undefined && endsAfterInput) await ended.promise;
      return next;
    },
    unread: () => undefined,
    shutdown: () => {
      seen.shut = true;
      ended.resolve();
    },
    close: () => {
      seen.closed = true;
      ended.resolve();
    },
  };
  return { socket, seen };
}

async function* chunks(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

function collector(): { options: Pick<PumpOptions, 'out' | 'err'>; text: () => string } {
  let seen = '';
  const out = (bytes: Uint8Array): void => {
    seen += Buffer.from(bytes).toString();
  };
  return { options: { out, err: out }, text: () => seen };
}

test('a terminal stream is printed as it comes until its end', async () => {
  const { socket, seen } = fakeSocket(['hello ', 'world']);
  const { options, text } = collector();
  expect(await pump(socket, { tty: true, ...options })).toBe('ended');
  expect(text()).toBe('hello world');
  expect(seen.closed).toBe(true);
});

test('the end of the input ends our side, and the output is still read to its end', async () => {
  const { socket, seen } = fakeSocket(['answer'], true);
  const { options, text } = collector();
  expect(await pump(socket, { tty: true, input: chunks('a', 'b'), ...options })).toBe('ended');
  expect(seen).toEqual({ input: 'ab', shut: true, closed: true });
  expect(text()).toBe('answer');
});

test('the detach keys leave without ending the input', async () => {
  const { socket, seen } = fakeSocket([], true);
  const { options } = collector();
  const input = chunks('ab', '\x10', '\x11never');
  const detachKeys = Buffer.from([16, 17]);
  expect(await pump(socket, { tty: true, input, detachKeys, ...options })).toBe('detached');
  expect(seen).toEqual({ input: 'ab', shut: false, closed: true });
});

test('a container that no longer reads is no error', async () => {
  const { socket } = fakeSocket(['out']);
  const { options, text } = collector();
  const broken = { ...socket, write: () => Promise.reject(new Error('gone')) };
  expect(await pump(broken, { tty: true, input: chunks('x'), ...options })).toBe('ended');
  expect(text()).toBe('out');
});
