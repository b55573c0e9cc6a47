import { describe, expect, test } from 'bun:test';
import { KnownError } from '../../lib/errors.ts';
import {
  bytesOf,
  type Channel,
  createSessionConnection,
  readAllOf,
  type SessionConnection,
  WINDOW_BYTES,
  type Wire,
} from './connection.ts';
import { createFileReader, writeFile } from './file-stream.ts';
import { createFrameDecoder, encodeFrame, HEAD_BYTES, MAX_PAYLOAD } from './frame.ts';

/** Two ends of a connection in memory; what is written waits until it is read. */
function createPipe(): readonly [Wire, Wire] {
  const queues: readonly [Uint8Array[], Uint8Array[]] = [[], []];
  let closed = false;
  const ended = new Set<Uint8Array[]>();
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const resume of waiting) resume();
    waiting.clear();
  };
  const end = (mine: Uint8Array[], theirs: Uint8Array[]): Wire => ({
    async write(bytes) {
      if (closed) throw new KnownError('unavailable', 'closed');
      theirs.push(bytes);
      wake();
    },
    async read() {
      for (;;) {
        const bytes = mine.shift();
        if (bytes !== undefined) return bytes;
        if (closed || ended.has(mine)) return undefined;
        await new Promise<void>((resolve) => void waiting.add(resolve));
      }
    },
    shutdown() {
      ended.add(theirs);
      wake();
    },
    close() {
      closed = true;
      wake();
    },
  });
  return [end(queues[0], queues[1]), end(queues[1], queues[0])];
}

interface Pair {
  readonly daemon: SessionConnection;
  readonly client: SessionConnection;
  readonly told: unknown[];
  readonly wires: readonly [Wire, Wire];
}

function connect(onOpen: (purpose: Readonly<Record<string, unknown>>, channel: Channel) => void): Pair {
  const wires = createPipe();
  const told: unknown[] = [];
  const onMessage = (message: unknown): void => void told.push(message);
  const daemon = createSessionConnection(wires[0], { onMessage });
  const client = createSessionConnection(wires[1], { onMessage, onOpen });
  return { daemon, client, told, wires };
}

describe('frames', () => {
  test('come out of bytes that are cut anywhere', () => {
    const frames = [
      { type: 'message', channel: 0, payload: Buffer.from('{"a":1}') },
      { type: 'end', channel: 7, payload: Buffer.alloc(0) },
      { type: 'data', channel: 0xfffffffe, payload: Buffer.alloc(MAX_PAYLOAD.data, 3) },
    ] as const;
    const bytes = Buffer.concat(frames.map(encodeFrame));
    for (const step of [1, 2, 8, 9, 1000, bytes.length]) {
      const decoder = createFrameDecoder();
      const found = [];
      for (let at = 0; at < bytes.length; at += step) found.push(...decoder.push(bytes.subarray(at, at + step)));
      expect(found.map(({ type, channel, payload }) => [type, channel, Buffer.from(payload).toString('hex')])).toEqual(
        frames.map(({ type, channel, payload }) => [type, channel, payload.toString('hex')]),
      );
    }
  });

  test('of an unknown type or with too much in them are refused by their head alone', () => {
    const head = (type: number, length: number): Buffer => {
      const bytes = Buffer.alloc(HEAD_BYTES);
      bytes.writeUInt8(type, 0);
      bytes.writeUInt32BE(length, 5);
      return bytes;
    };
    for (const [type, length] of [
      [0, 0],
      [7, 0],
      [1, MAX_PAYLOAD.message + 1],
      [3, MAX_PAYLOAD.data + 1],
      [4, 3],
      [5, 1],
      [3, 0xffffffff],
    ] as const)
      expect(() => createFrameDecoder().push(head(type, length))).toThrow('malformed build session');
    expect(() => encodeFrame({ type: 'data', channel: 1, payload: Buffer.alloc(MAX_PAYLOAD.data + 1) })).toThrow();
  });
});

describe('a connection', () => {
  test('carries messages and channels side by side, in both directions', async () => {
    const { daemon, client, told } = connect((purpose, channel) => {
      void (async () => {
        const asked = await readAllOf(channel, 100);
        await channel.write(Buffer.from(`${JSON.stringify(purpose)} ${asked.toString()}`));
        await channel.end();
      })();
    });
    await client.send({ kind: 'build' });
    const channels = [daemon.open({ id: 1 }), daemon.open({ id: 2 })];
    for (const [index, channel] of channels.entries()) {
      await channel.write(Buffer.from(`ask ${index}`));
      await channel.end();
    }
    const texts = await Promise.all(channels.map(async (channel) => (await readAllOf(channel, 100)).toString()));
    expect(texts).toEqual(['{"id":1} ask 0', '{"id":2} ask 1']);
    expect(told).toEqual([{ kind: 'build' }]);
  });

  test('a channel that is not read takes no more than its window and stops no other', async () => {
    let written = 0;
    const { daemon } = connect((purpose, channel) => {
      void (async () => {
        for (let sent = 0; sent < 4; sent++) {
          await channel.write(Buffer.alloc(WINDOW_BYTES / 2, 1));
          if (purpose['id'] === 'slow') written += WINDOW_BYTES / 2;
        }
        await channel.end();
      })();
    });
    const slow = daemon.open({ id: 'slow' });
    const fast = daemon.open({ id: 'fast' });
    expect((await readAllOf(fast, 10 * WINDOW_BYTES)).length).toBe(2 * WINDOW_BYTES);
    expect(written).toBe(WINDOW_BYTES);
    expect((await readAllOf(slow, 10 * WINDOW_BYTES)).length).toBe(2 * WINDOW_BYTES);
  });

  test('one that sends more than there is room for is cut off', async () => {
    const { daemon, wires } = connect(() => undefined);
    const channel = daemon.open({});
    const piece = encodeFrame({ type: 'data', channel: 1, payload: Buffer.alloc(MAX_PAYLOAD.data) });
    for (let sent = 0; sent <= WINDOW_BYTES; sent += MAX_PAYLOAD.data) await wires[1].write(piece);
    expect((await daemon.ended)?.message).toContain('more bytes than there is room for');
    await expect(readAllOf(channel, 2 * WINDOW_BYTES)).rejects.toThrow('malformed');
  });

  test('a reset reaches the other side with its kind, and both directions end', async () => {
    const { daemon } = connect((_purpose, channel) => channel.reset(new KnownError('not_found', 'no such secret')));
    const channel = daemon.open({});
    const failed = await channel.read().catch((error: unknown) => error);
    expect(failed).toMatchObject({ kind: 'not_found', message: 'no such secret' });
    await expect(channel.write(Buffer.from('x'))).rejects.toThrow('no such secret');
  });

  test('when it breaks, all channels fail and nothing waits for ever', async () => {
    const { daemon, client, wires } = connect(() => undefined);
    const channel = daemon.open({});
    const reading = channel.read();
    const writing = channel.write(Buffer.alloc(2 * WINDOW_BYTES));
    wires[0].close();
    const settled = await Promise.allSettled([reading, writing]);
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect([await daemon.ended, await client.ended]).toEqual([undefined, undefined]);
    await expect(client.send({})).rejects.toThrow('closed');
  });

  test('what was sent before it is closed arrives', async () => {
    const { daemon, client, told } = connect(() => undefined);
    for (let sent = 0; sent < 3; sent++) void daemon.send({ sent });
    await Promise.all([daemon.close(), client.ended.then(async () => await client.close())]);
    expect(told).toEqual([{ sent: 0 }, { sent: 1 }, { sent: 2 }]);
  });

  test('what is no JSON object, and a channel that the client opens, end it', async () => {
    for (const frame of [
      { type: 'message', channel: 0, payload: Buffer.from('[1]') },
      { type: 'message', channel: 0, payload: Buffer.from('{') },
      { type: 'open', channel: 1, payload: Buffer.from('{}') },
    ] as const) {
      const { daemon, wires } = connect(() => undefined);
      await wires[1].write(encodeFrame(frame));
      expect((await daemon.ended)?.message).toContain('malformed build session');
    }
  });
});

test('files follow each other on a channel, empty ones and ones that are gone too, with their attributes', async () => {
  const file = (attributes: string, ...content: readonly Buffer[]) => ({ attributes, content });
  const { daemon } = connect((_purpose, channel) => {
    void (async () => {
      await writeFile(channel, file('', Buffer.from('one'), Buffer.alloc(0), Buffer.alloc(200_000, 2)));
      await writeFile(channel, undefined);
      await writeFile(channel, file('of nothing'));
      await writeFile(channel, file('ö'.repeat(100_000), Buffer.from('last')));
      await channel.end();
    })();
  });
  const channel = daemon.open({});
  const reader = createFileReader(channel);
  const sizes: (number | undefined)[] = [];
  const attributes: (string | undefined)[] = [];
  for (let file = 0; file < 4; file++) {
    const read = await reader.next();
    let size = 0;
    for await (const piece of read?.content ?? []) size += piece.length;
    sizes.push(read && size);
    attributes.push(read?.attributes);
  }
  expect(sizes).toEqual([200_003, undefined, 0, 4]);
  expect(attributes).toEqual(['', undefined, 'of nothing', 'ö'.repeat(100_000)]);
  await expect(reader.next()).rejects.toThrow('cut off');
  for await (const _ of bytesOf(channel)) throw new Error('more');
});
