import { fstatSync } from 'node:fs';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { errnoOf } from '../../../lib/errors.ts';
import { blocksOf, type OpenFile, readAt } from './chain.host.ts';

const BLOCK_BYTES = 64 * 1024;
/** A record holds 16 KiB at most before JSON escaping; anything much longer is no record. */
const LINE_MAX_BYTES = 1024 * 1024;
const NEWLINE = 10;

/** Where to begin in each file so that `tail` lines are left: a byte for plain files, a line for compressed ones. */
export async function planTail(chain: readonly OpenFile[], tail: number | undefined): Promise<readonly number[]> {
  if (tail === undefined) return [];
  const starts: number[] = [];
  let missing = tail;
  for (const file of chain.toReversed()) {
    const last = file.compressed ? await lastOfCompressed(file, missing) : await lastOfPlain(file.fd, missing);
    starts.unshift(last.start);
    missing -= last.lines;
  }
  return starts;
}

interface LastLines {
  readonly start: number;
  /** How many there are after `start`, at most as many as wanted. */
  readonly lines: number;
}

async function lastOfCompressed(file: OpenFile, wanted: number): Promise<LastLines> {
  if (wanted <= 0) return { start: Number.POSITIVE_INFINITY, lines: 0 };
  let total = 0;
  for await (const lines of wholeLines(file, 0)) total += lines.length;
  return { start: Math.max(0, total - wanted), lines: Math.min(total, wanted) };
}

/** Reads backwards, block by block. */
async function lastOfPlain(fd: number, wanted: number): Promise<LastLines> {
  const { size } = fstatSync(fd);
  if (wanted <= 0) return { start: size, lines: 0 };
  const block = Buffer.alloc(BLOCK_BYTES);
  let ends = 0;
  let position = size;
  while (position > 0) {
    const length = Math.min(BLOCK_BYTES, position);
    position -= length;
    const bytesRead = await readAt(fd, block, length, position);
    for (let i = bytesRead - 1; i >= 0; i--) {
      if (block[i] !== NEWLINE) continue;
      if (ends === wanted) return { start: position + i + 1, lines: wanted };
      ends++;
    }
  }
  return { start: 0, lines: ends };
}

/**
 * Lines of a file that grows no more (or of which later growth does not matter), from a place of `planTail` on, as many at a time as a block
 * of the file has. They belong to the reader.
 */
export async function* wholeLines(file: OpenFile, start: number): AsyncIterable<readonly Buffer[]> {
  if (!file.compressed) return yield* plainLines(file.fd, start);
  let skip = start;
  if (start === Number.POSITIVE_INFINITY) return;
  for await (const lines of compressedLines(file.fd)) {
    if (skip < lines.length) yield lines.slice(skip);
    skip = Math.max(0, skip - lines.length);
  }
}

async function* plainLines(fd: number, start: number): AsyncIterable<readonly Buffer[]> {
  const splitter = createSplitter();
  for await (const block of blocksOf(fd, start)) yield splitter.push(block);
}

async function* compressedLines(fd: number): AsyncIterable<readonly Buffer[]> {
  const splitter = createSplitter();
  for await (const chunk of unpackedBlocks(fd)) yield splitter.push(chunk);
}

/** What a compressed file was made from; of one cut short by a crash, what can be read. */
export async function* unpackedBlocks(fd: number): AsyncIterable<Uint8Array> {
  const source = Readable.from(blocksOf(fd, 0));
  const stream = source.pipe(createGunzip());
  source.on('error', (error) => stream.destroy(error));
  try {
    yield* stream as AsyncIterable<Buffer>;
  } catch (error) {
    if (!errnoOf(error)?.startsWith('Z_')) throw error;
  } finally {
    stream.destroy();
    source.destroy();
  }
}

/** Lines out of chunks, which they are parts of; what has no end yet is kept, up to 1 MiB. */
export function createSplitter() {
  let rest: Buffer = Buffer.alloc(0);
  return {
    clear(): void {
      rest = Buffer.alloc(0);
    },
    push(chunk: Uint8Array): readonly Buffer[] {
      const whole = rest.length === 0 ? bufferOf(chunk) : Buffer.concat([rest, chunk]);
      const lines: Buffer[] = [];
      let start = 0;
      for (let end = whole.indexOf(NEWLINE); end !== -1; end = whole.indexOf(NEWLINE, start)) {
        lines.push(whole.subarray(start, end));
        start = end + 1;
      }
      rest = whole.length - start > LINE_MAX_BYTES ? Buffer.alloc(0) : whole.subarray(start);
      return lines;
    },
  };
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
