import { expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { createCompressor } from './compressor.host.ts';

const compressor = createCompressor();
const { signal } = new AbortController();

async function packed(source: AsyncIterable<Uint8Array>, given = signal): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(compressor.gzip(source, { signal: given })));
}

test('what is packed is unpacked to the same bytes, however they come', async () => {
  const text = Buffer.concat([randomBytes(1_500_000), Buffer.alloc(3_000_000, 'text')]);
  const inPieces = async function* (size: number): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < text.length; at += size) yield text.subarray(at, at + size);
  };
  const one = await packed(inPieces(70_000));
  expect(gunzipSync(one).equals(text)).toBe(true);
  expect((await packed(inPieces(2_000_000))).equals(one)).toBe(true);
  expect(text.length).toBe(4_500_000);
});

test('nothing gives nothing', async () => {
  const none = (async function* (): AsyncGenerator<Uint8Array> {
    yield* [];
  })();
  expect(await packed(none)).toHaveLength(0);
});

test('a failure of the source and a cancelling come through', async () => {
  const broken = async function* (): AsyncGenerator<Uint8Array> {
    yield randomBytes(2_000_000);
    throw new Error('source');
  };
  const failed = await packed(broken()).catch((error: unknown) => String(error));
  expect(failed).toBe('Error: source');
  const cancel = new AbortController();
  cancel.abort(new Error('enough'));
  const cancelled = await packed(broken(), cancel.signal).catch((error: unknown) => String(error));
  expect(cancelled).toBe('Error: enough');
});
