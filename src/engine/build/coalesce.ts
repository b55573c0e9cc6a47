const CHUNK_BYTES = 256 * 1024;

/**
 * The same bytes in chunks of at least 256 KiB, but for the last: what many small files give is not worth a write each. Pieces are
 * copied, so their owner may use them again.
 */
export async function* coalesce(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of source) {
    pieces.push(piece.slice());
    length += piece.length;
    if (length < CHUNK_BYTES) continue;
    yield Buffer.concat(pieces);
    pieces = [];
    length = 0;
  }
  if (length > 0) yield Buffer.concat(pieces);
}
