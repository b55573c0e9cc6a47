import { KnownError } from '../../lib/errors.ts';

/** Incremental decoder of `Transfer-Encoding: chunked` (RFC 9112, section 7.1). Trailers are skipped. */
export interface ChunkedDecoder {
  /** The data inside `bytes`; views of it, not copies. Errors: system for a malformed chunk. */
  push(bytes: Uint8Array): readonly Uint8Array[];
  /** True after the last chunk and its trailers. */
  readonly done: boolean;
}

const MAX_LINE = 4096;

export function createChunkedDecoder(): ChunkedDecoder {
  let state: 'size' | 'data' | 'data-end' | 'trailer' | 'done' = 'size';
  let line = '';
  let left = 0;

  /** Consumes up to and including a line feed; returns the index after it, or -1. */
  function takeLine(bytes: Uint8Array, from: number): number {
    const feed = bytes.indexOf(10, from);
    const end = feed === -1 ? bytes.length : feed;
    for (let at = from; at < end; at++) line += String.fromCharCode(bytes[at] ?? 0);
    if (line.length > MAX_LINE) throw new KnownError('system', 'malformed chunked encoding');
    return feed === -1 ? -1 : feed + 1;
  }

  function finishLine(): void {
    const text = line.trim();
    line = '';
    if (state === 'trailer') {
      if (text === '') state = 'done';
      return;
    }
    if (state === 'data-end') {
      if (text !== '') throw new KnownError('system', 'malformed chunked encoding');
      state = 'size';
      return;
    }
    const size = /^([0-9a-fA-F]{1,12})\s*(?:;.*)?$/.exec(text)?.[1];
    if (size === undefined) throw new KnownError('system', 'malformed chunked encoding');
    left = Number.parseInt(size, 16);
    state = left === 0 ? 'trailer' : 'data';
  }

  return {
    get done() {
      return state === 'done';
    },
    push(bytes) {
      const pieces: Uint8Array[] = [];
      let at = 0;
      while (at < bytes.length && state !== 'done') {
        if (state === 'data') {
          const piece = bytes.subarray(at, at + left);
          pieces.push(piece);
          left -= piece.length;
          at += piece.length;
          if (left === 0) state = 'data-end';
          continue;
        }
        const next = takeLine(bytes, at);
        if (next === -1) break;
        at = next;
        finishLine();
      }
      return pieces;
    },
  };
}
