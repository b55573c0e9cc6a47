import { createHash, type Hash } from 'node:crypto';
import { ftruncateSync, writeSync } from 'node:fs';
import { KnownError, wrapError } from '../../lib/errors.ts';
import type { TarSink } from '../../lib/tar/parser.ts';
import { createContextIndex } from './context-index.ts';
import type { TreeEntry } from './tree-entry.ts';

/** Zeros of all holes together: a header of 512 bytes can promise 8 EiB. */
const MAX_HOLE_BYTES = 64 * 2 ** 30;
const BUFFER_BYTES = 1024 * 1024;

export interface ContextPack {
  readonly sink: TarSink;
  /** Everything is in the file; what the archive would make of an empty folder, folders before what is in them. */
  finish(): Iterable<TreeEntry>;
}

/** Writes the contents of an archive's files one behind the other into an empty open file, holes as holes. Names are only text here. */
export function createContextPack(fd: number): ContextPack {
  const index = createContextIndex({ nowSeconds: Math.floor(Date.now() / 1000) });
  const output = createOutput(fd);
  let file: { readonly hash: Hash; readonly offset: number } | undefined;
  let holeBytes = 0;
  return {
    sink: {
      entry(header) {
        try {
          index.add(header);
        } catch (error) {
          throw wrapError(error, `build context: ${header.name.slice(0, 200)}`);
        }
        file = header.type === 'file' ? { hash: createHash('sha256'), offset: output.position() } : undefined;
      },
      data(piece) {
        if (!file) return;
        file.hash.update(piece);
        output.write(piece);
      },
      hole(sizeBytes) {
        if (!file) return;
        holeBytes += sizeBytes;
        if (holeBytes > MAX_HOLE_BYTES)
          throw new KnownError('invalid_parameter', `archive has more than ${MAX_HOLE_BYTES} bytes of holes`);
        for (let left = sizeBytes; left > 0; left -= ZEROS.length)
          file.hash.update(left < ZEROS.length ? ZEROS.subarray(0, left) : ZEROS);
        output.skip(sizeBytes);
      },
      entryEnd() {
        if (!file) return;
        const { hash, offset } = file;
        file = undefined;
        index.setContent({ hash: hash.digest('hex'), offset, size: output.position() - offset });
      },
    },
    finish() {
      output.end();
      return index.entries();
    },
  };
}

const ZEROS = new Uint8Array(256 * 1024);

interface Output {
  position(): number;
  write(piece: Uint8Array): void;
  skip(sizeBytes: number): void;
  end(): void;
}

function createOutput(fd: number): Output {
  const buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  /** Where the buffer belongs. */
  let start = 0;
  let filled = 0;
  const put = (piece: Uint8Array): void => {
    for (let done = 0; done < piece.length; ) done += writeSync(fd, piece, done, piece.length - done, start + done);
    start += piece.length;
  };
  const flush = (): void => {
    put(buffer.subarray(0, filled));
    filled = 0;
  };
  return {
    position: () => start + filled,
    write(piece) {
      if (filled + piece.length > BUFFER_BYTES) flush();
      if (piece.length > BUFFER_BYTES) return put(piece);
      buffer.set(piece, filled);
      filled += piece.length;
    },
    skip(sizeBytes) {
      flush();
      start += sizeBytes;
    },
    end() {
      flush();
      ftruncateSync(fd, start);
    },
  };
}
