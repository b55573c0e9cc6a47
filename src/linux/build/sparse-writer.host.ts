import { ftruncateSync, writeSync } from 'node:fs';
import { checkCancelled } from './cancelling.host.ts';

/** What files are read in at a time. */
export const BUFFER_BYTES = 1024 * 1024;

const ZEROS = Buffer.alloc(64 * 1024);

/** Writes an empty open file from its beginning; blocks of zeros become holes in what comes in whole buffers. */
export interface SparseWriter {
  write(piece: Uint8Array): void;
  /** Gives the file its size. */
  end(): void;
}

export function createSparseWriter(target: number): SparseWriter {
  let position = 0;
  let written = 0;
  const put = (piece: Uint8Array, at: number): void => {
    for (let done = 0; done < piece.length; ) done += writeSync(target, piece, done, piece.length - done, at + done);
    written = at + piece.length;
  };
  return {
    write(piece) {
      checkCancelled();
      if (piece.length < BUFFER_BYTES) put(piece, position);
      else
        for (let at = 0; at < piece.length; at += ZEROS.length) {
          const block = piece.subarray(at, at + ZEROS.length);
          if (Buffer.compare(block, ZEROS.subarray(0, block.length)) !== 0) put(block, position + at);
        }
      position += piece.length;
    },
    end() {
      if (written < position) ftruncateSync(target, position);
    },
  };
}
