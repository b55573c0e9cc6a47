import type { Channel } from './connection.ts';
import { malformed } from './frame.ts';

/** A file on a channel: pieces, each with its length (4 bytes, big endian) before it, until one of none. A length of GONE: there is no file. */
const GONE = 0xffffffff;
const MAX_PIECE_BYTES = 1024 * 1024;

/** Undefined: the file is gone. */
export async function writeFile(
  channel: Pick<Channel, 'write'>,
  content: Iterable<Uint8Array> | undefined,
): Promise<void> {
  if (content === undefined) return await channel.write(lengthOf(GONE));
  let held: Uint8Array | undefined;
  for (const piece of content) {
    if (piece.length === 0) continue;
    if (held) await channel.write(held);
    held = Buffer.concat([lengthOf(piece.length), piece]);
  }
  // one write for a small file
  await channel.write(Buffer.concat([...(held ? [held] : []), lengthOf(0)]));
}

function lengthOf(length: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length, 0);
  return bytes;
}

/** Reads one file after the other. */
export interface FileReader {
  /** The pieces of the next file, which are read to their end before the next call; undefined: it is gone. */
  next(): Promise<AsyncIterable<Uint8Array> | undefined>;
}

export function createFileReader(channel: Pick<Channel, 'read'>): FileReader {
  let rest: Uint8Array = new Uint8Array(0);
  const more = async (): Promise<Uint8Array> => {
    const bytes = rest.length > 0 ? rest : await channel.read();
    if (bytes === undefined) throw malformed('a file is cut off');
    rest = new Uint8Array(0);
    return bytes;
  };
  const length = async (): Promise<number> => {
    let head: Uint8Array = await more();
    while (head.length < 4) head = Buffer.concat([head, await more()]);
    rest = head.subarray(4);
    const value = Buffer.from(head.buffer, head.byteOffset, 4).readUInt32BE(0);
    if (value !== GONE && value > MAX_PIECE_BYTES) throw malformed(`a piece of ${value} bytes`);
    return value;
  };
  async function* pieces(first: number): AsyncGenerator<Uint8Array> {
    for (let left = first; left > 0; left = await length()) {
      while (left > 0) {
        const bytes = await more();
        const piece = bytes.subarray(0, left);
        rest = bytes.subarray(piece.length);
        left -= piece.length;
        yield piece;
      }
    }
  }
  return {
    async next() {
      const first = await length();
      return first === GONE ? undefined : pieces(first);
    },
  };
}
