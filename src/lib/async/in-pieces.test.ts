import { expect, test } from 'bun:test';
import { inPieces } from './in-pieces.ts';

test('bytes come in pieces of one size and the rest, in memory of their own', async () => {
  const given = [[1, 2, 3], [], [4], [5, 6, 7, 8, 9]].map((bytes) => Uint8Array.from(bytes));
  const source = (async function* () {
    yield* given;
  })();
  const pieces: Uint8Array[] = [];
  for await (const piece of inPieces(source, 4)) pieces.push(piece);
  expect(pieces.map((piece) => [...piece])).toEqual([[1, 2, 3, 4], [5, 6, 7, 8], [9]]);
  for (const piece of pieces) expect(piece.buffer.byteLength).toBe(piece.length);
});
