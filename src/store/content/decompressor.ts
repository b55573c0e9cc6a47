/** Kinds of compression that archives come in. */
export type Compression = 'none' | 'gzip' | 'bzip2' | 'xz' | 'zstd';

export interface Decompressor {
  /**
   * The plain bytes of a stream whose compression is found out from its first bytes. Errors: invalid_parameter when the
   * compressed data is broken; not_implemented when the program for it is missing; cancelled.
   */
  decompress(source: AsyncIterable<Uint8Array>, options: { readonly signal: AbortSignal }): AsyncIterable<Uint8Array>;
}

/** Bytes that `compressionOf` wants to see. */
export const MAGIC_BYTES = 6;

/** Tells compression by magic numbers (RFC 1952, RFC 8878, bzip2 and xz file formats). */
export function compressionOf(start: Uint8Array): Compression {
  const hex = Buffer.from(start.buffer, start.byteOffset, Math.min(start.byteLength, MAGIC_BYTES)).toString('hex');
  if (hex.startsWith('1f8b')) return 'gzip';
  // A skippable frame may come first: pzstd and zstd:chunked write them.
  if (hex.startsWith('28b52ffd') || /^5.2a4d18/.test(hex)) return 'zstd';
  if (hex.startsWith('425a68')) return 'bzip2';
  if (hex.startsWith('fd377a585a00')) return 'xz';
  return 'none';
}

/** Looks at the first bytes of a stream without losing them. `rest` must be read to its end or returned. */
export async function peek(
  source: AsyncIterable<Uint8Array>,
): Promise<{ readonly start: Uint8Array; readonly rest: AsyncIterable<Uint8Array> }> {
  const iterator = source[Symbol.asyncIterator]();
  const pieces: Uint8Array[] = [];
  let length = 0;
  while (length < MAGIC_BYTES) {
    const { value, done } = await iterator.next();
    if (done) break;
    pieces.push(value);
    length += value.byteLength;
  }
  const start = Buffer.concat(pieces);
  return { start, rest: resume(start, iterator) };
}

async function* resume(start: Uint8Array, iterator: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (start.byteLength > 0) yield start;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
  } finally {
    await iterator.return?.();
  }
}
