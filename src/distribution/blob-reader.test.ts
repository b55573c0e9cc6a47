import { expect, test } from 'bun:test';
import { readBlob } from './blob-reader.ts';
import { parseRegistryError } from './registry-error.ts';
import type { SendRequest } from './request.ts';

const SIZE = 1 << 20;
const BYTES = Buffer.alloc(SIZE, 'abcdefg');

/** Answers with so many bytes per request, then breaks; `ranges` false: from the first byte always. */
function server(counts: readonly number[], ranges = true): { readonly send: SendRequest; readonly offsets: number[] } {
  const offsets: number[] = [];
  const left = [...counts];
  const send: SendRequest = async ({ headers }) => {
    const asked = Number(/\d+/.exec(headers?.['Range'] ?? '')?.[0] ?? 0);
    offsets.push(asked);
    const start = ranges ? asked : 0;
    const count = left.shift() ?? SIZE;
    let given = false;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (!given && count > 0) controller.enqueue(BYTES.subarray(start, start + count));
        else if (start + count >= SIZE) controller.close();
        else controller.error(new Error('connection reset by peer'));
        given = true;
      },
    });
    return new Response(body, { status: asked > 0 && ranges ? 206 : 200 });
  };
  return { send, offsets };
}

async function read(
  send: SendRequest,
  offset = 0,
): Promise<{ readonly bytes: Buffer; readonly pauses: number; readonly told: readonly number[] }> {
  const parts: Uint8Array[] = [];
  const told: number[] = [];
  let pauses = 0;
  const sleep = async (): Promise<void> => void pauses++;
  const options = { offset, signal: new AbortController().signal, onRetry: (left: number) => void told.push(left) };
  for await (const part of readBlob({ send, sleep }, '/b', SIZE, options)) parts.push(part);
  return { bytes: Buffer.concat(parts), pauses, told };
}

test('a broken connection is taken up at once where it ended', async () => {
  const { send, offsets } = server([300_000, 200_000]);
  const { bytes, pauses } = await read(send);
  expect(bytes.equals(BYTES)).toBe(true);
  expect([offsets, pauses]).toEqual([[0, 300_000, 500_000], 0]);
});

test('what is here already is not asked for; nothing at all when everything is', async () => {
  const { send, offsets } = server([]);
  expect((await read(send, 1000)).bytes.equals(BYTES.subarray(1000))).toBe(true);
  expect((await read(send, SIZE)).bytes.byteLength).toBe(0);
  expect(offsets).toEqual([1000]);
});

test('a registry without ranges sends again what is skipped', async () => {
  const { send } = server([400_000], false);
  expect((await read(send)).bytes.equals(BYTES)).toBe(true);
});

test('breaks without bytes wait 5, 10, 15, 20 and 25 seconds, told each second; then it is the end', async () => {
  const five = server([0, 0, 0, 0, 0]);
  const { pauses, told } = await read(five.send);
  expect(pauses).toBe(75);
  expect(told.slice(0, 7)).toEqual([5, 4, 3, 2, 1, 10, 9]);
  const six = server([0, 0, 0, 0, 0, 0]);
  await expect(read(six.send)).rejects.toThrow('download of /b failed: connection reset by peer');
  expect(six.offsets.length).toBe(6);
});

test('what the registry decided is not tried again, its own failures are', async () => {
  let calls = 0;
  const failing =
    (status: number): SendRequest =>
    async () => {
      calls++;
      throw parseRegistryError(new Response(null, { status }), '', 'http://r/b');
    };
  await expect(read(failing(404))).rejects.toMatchObject({ kind: 'not_found' });
  await expect(read(failing(429))).rejects.toMatchObject({ kind: 'unavailable' });
  expect(calls).toBe(2);
  await expect(read(failing(503))).rejects.toMatchObject({ status: 503 });
  expect(calls).toBe(8);
});
