import { KnownError } from '../../lib/errors.ts';
import type { Channel } from './connection.ts';
import { malformed } from './frame.ts';

/**
 * A file on a channel: pieces, each with its length (4 bytes, big endian) before it, until one of none. A length of GONE: there is no file. One of
 * ATTRIBUTES: a piece follows that is the text of its extended attributes, and then the file.
 */
const GONE = 0xffffffff;
const ATTRIBUTES = 0xfffffffe;
const MAX_PIECE_BYTES = 1024 * 1024;

/** `attributes`: '' for none. */
export interface SentFile<Content> {
  readonly attributes: string;
  readonly content: Content;
}

/** Undefined: the file is gone. Errors: invalid_parameter for attributes of more than a piece. */
export async function writeFile(
  channel: Pick<Channel, 'write'>,
  file: SentFile<Iterable<Uint8Array>> | undefined,
): Promise<void> {
  if (file === undefined) return await channel.write(lengthOf(GONE));
  const { attributes, content } = file;
  if (attributes !== '') await channel.write(attributesPiece(attributes));
  let held: Uint8Array | undefined;
  for (const piece of content) {
    if (piece.length === 0) continue;
    if (held) await channel.write(held);
    held = Buffer.concat([lengthOf(piece.length), piece]);
  }
  // one write for a small file
  await channel.write(Buffer.concat([...(held ? [held] : []), lengthOf(0)]));
}

function attributesPiece(attributes: string): Uint8Array {
  const bytes = Buffer.from(attributes);
  if (bytes.length > MAX_PIECE_BYTES)
    throw new KnownError('invalid_parameter', `more than ${MAX_PIECE_BYTES} bytes of extended attributes`);
  return Buffer.concat([lengthOf(ATTRIBUTES), lengthOf(bytes.length), bytes]);
}

function lengthOf(length: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length, 0);
  return bytes;
}

/** Reads one file after the other. */
export interface FileReader {
  /** The next file, whose pieces are read to their end before the next call; undefined: it is gone. */
  next(): Promise<SentFile<AsyncIterable<Uint8Array>> | undefined>;
}

export function createFileReader(channel: Pick<Channel, 'read'>): FileReader {
  let rest: Uint8Array = new Uint8Array(0);
  const more = async (): Promise<Uint8Array> => {
    const bytes = rest.length > 0 ? rest : await channel.read();
    if (bytes === undefined) throw malformed('a file is cut off');
    rest = new Uint8Array(0);
    return bytes;
  };
  const head = async (): Promise<number> => {
    let bytes: Uint8Array = await more();
    while (bytes.length < 4) bytes = Buffer.concat([bytes, await more()]);
    rest = bytes.subarray(4);
    const value = Buffer.from(bytes.buffer, bytes.byteOffset, 4).readUInt32BE(0);
    if (value !== GONE && value !== ATTRIBUTES && value > MAX_PIECE_BYTES) throw malformed(`a piece of ${value} bytes`);
    return value;
  };
  const length = async (): Promise<number> => {
    const value = await head();
    if (value > MAX_PIECE_BYTES) throw malformed('a mark in the middle of a file');
    return value;
  };
  async function* piece(size: number): AsyncGenerator<Uint8Array> {
    for (let left = size; left > 0; ) {
      const bytes = await more();
      const part = bytes.subarray(0, left);
      rest = bytes.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }
  async function* pieces(first: number): AsyncGenerator<Uint8Array> {
    for (let size = first; size > 0; size = await length()) yield* piece(size);
  }
  return {
    async next() {
      const first = await head();
      if (first === GONE) return undefined;
      if (first !== ATTRIBUTES) return { attributes: '', content: pieces(first) };
      const attributes = Buffer.concat(await Array.fromAsync(piece(await length()))).toString('utf8');
      return { attributes, content: pieces(await length()) };
    },
  };
}
