import { KnownError } from '../../lib/errors.ts';

/** Follows the outer structure of a zstd stream without decompressing it. */
export interface ZstdFrames {
  write(chunk: Uint8Array): void;
  /** Errors: invalid_parameter when the stream ends inside of a frame. */
  end(): void;
}

const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;
const BLOCK_HEADER_BYTES = 3;

/**
 * Tells where the frames of a stream end (RFC 8878, section 3.1), which the runtime's decompressor does not: it takes a stream that is cut off
 * for a whole one, and passes over what is behind the last frame.
 * Errors of `write`: invalid_parameter for what is no frame.
 */
export function createZstdFrames(): ZstdFrames {
  let wanted = 4; // bytes of the piece that is read
  let skip = 0; // bytes before it
  let piece = Buffer.alloc(0);
  let checksum = 0;
  let read: () => void = readMagic;
  let inside = false;

  const expect = (bytes: number, then: () => void): void => {
    wanted = bytes;
    read = then;
    piece = Buffer.alloc(0);
  };
  function readMagic(): void {
    const magic = piece.readUInt32LE();
    inside = true;
    if (magic === MAGIC) return expect(1, readDescriptor);
    if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE) return expect(4, readSkippable);
    throw new KnownError('invalid_parameter', 'broken zstd data: there is something else behind a frame');
  }
  function readSkippable(): void {
    skip = piece.readUInt32LE();
    expect(4, readMagic);
    inside = skip > 0;
  }
  function readDescriptor(): void {
    const byte = piece[0] ?? 0;
    const single = (byte & 0x20) !== 0;
    checksum = (byte & 0x04) === 0 ? 0 : 4;
    const sizeBytes = [single ? 1 : 0, 2, 4, 8][byte >> 6] ?? 0;
    const dictionaryBytes = [0, 1, 2, 4][byte & 3] ?? 0;
    skip = (single ? 0 : 1) + dictionaryBytes + sizeBytes;
    expect(BLOCK_HEADER_BYTES, readBlock);
  }
  function readBlock(): void {
    const header = piece.readUIntLE(0, BLOCK_HEADER_BYTES);
    const isRle = ((header >> 1) & 3) === 1;
    skip = isRle ? 1 : header >> 3;
    if ((header & 1) === 0) return expect(BLOCK_HEADER_BYTES, readBlock);
    skip += checksum;
    expect(4, readMagic);
    inside = skip > 0;
  }

  return {
    write(chunk) {
      for (let at = 0; at < chunk.length; ) {
        const skipped = Math.min(skip, chunk.length - at);
        skip -= skipped;
        at += skipped;
        if (skip === 0 && read === readMagic && piece.length === 0) inside = false;
        const part = chunk.subarray(at, at + wanted - piece.length);
        at += part.length;
        if (part.length > 0) piece = Buffer.concat([piece, part]);
        if (piece.length === wanted) read();
      }
    },
    end() {
      if (inside || piece.length > 0) throw new KnownError('invalid_parameter', 'broken zstd data: unexpected end');
    },
  };
}
