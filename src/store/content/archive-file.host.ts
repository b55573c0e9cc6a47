import { createReadStream } from 'node:fs';
import { BLOCK_BYTES, parseHeader } from '../../lib/tar/header.ts';
import type { Decompressor } from './decompressor.ts';

/** Opens a file, or a part of it, as a plain tar, whatever its compression is; undefined when it is none. Nothing but its content counts. */
export type OpenArchive = (
  path: string,
  options: { readonly signal: AbortSignal; readonly part?: FilePart },
) => Promise<AsyncIterable<Uint8Array> | undefined>;

/** In bytes. */
export interface FilePart {
  readonly offset: number;
  readonly size: number;
}

export function createOpenArchive(decompressor: Decompressor): OpenArchive {
  return async (path, { signal, part }) => {
    if (part?.size === 0) return undefined;
    const range = part ? { start: part.offset, end: part.offset + part.size - 1 } : {};
    const open = (): AsyncIterable<Uint8Array> =>
      decompressor.decompress(createReadStream(path, { highWaterMark: 256 * 1024, ...range }), { signal });
    return (await beginsAsTar(open(), signal)) ? open() : undefined;
  };
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
