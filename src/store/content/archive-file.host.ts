import { createReadStream } from 'node:fs';
import { BLOCK_BYTES, parseHeader } from '../../lib/tar/header.ts';
import type { Decompressor } from './decompressor.ts';

/** Opens a file as a plain tar, whatever its compression is; undefined when it is none. Nothing but its content counts. */
export type OpenArchive = (
  path: string,
  options: { readonly signal: AbortSignal },
) => Promise<AsyncIterable<Uint8Array> | undefined>;

export function createOpenArchive(decompressor: Decompressor): OpenArchive {
  const open = (path: string, signal: AbortSignal): AsyncIterable<Uint8Array> =>
    decompressor.decompress(createReadStream(path, { highWaterMark: 256 * 1024 }), { signal });
  return async (path, { signal }) => ((await beginsAsTar(open(path, signal), signal)) ? open(path, signal) : undefined);
}

async function beginsAsTar(source: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<boolean> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const piece of source) {
      pieces.push(piece.slice(0, BLOCK_BYTES));
      length += piece.length;
      if (length >= BLOCK_BYTES) break;
    }
    const block = Buffer.concat(pieces).subarray(0, BLOCK_BYTES);
    return block.length === BLOCK_BYTES && parseHeader(block) !== undefined;
  } catch {
    signal.throwIfAborted();
    return false; // not compressed as it seemed, or no header
  }
}
