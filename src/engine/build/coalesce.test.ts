import { describe, expect, test } from 'bun:test';
import { coalesce } from './coalesce.ts';

async function collect(pieces: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
  return await Array.fromAsync(coalesce(pieces));
}

describe('coalesce', () => {
  test('gives the same bytes in few chunks', async () => {
    const pieces = Array.from({ length: 1000 }, (_none, index) => new Uint8Array(1000).fill(index));
    const chunks = await collect(pieces);
    expect(chunks.length).toBe(4);
    expect(Buffer.concat(chunks).equals(Buffer.concat(pieces))).toBe(true);
  });

  test('a piece may be used again once it was taken', async () => {
    const piece = new Uint8Array([1]);
    function* twice(): Generator<Uint8Array> {
      yield piece;
      piece[0] = 2;
      yield piece;
    }
    expect(Buffer.concat(await Array.fromAsync(coalesce(twice())))).toEqual(Buffer.from([1, 2]));
  });

  test('nothing stays nothing', async () => expect(await collect([])).toEqual([]));
});
