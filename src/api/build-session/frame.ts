import { KnownError } from '../../lib/errors.ts';

/** One unit of the connection between our client and our daemon during a build; docs/flows/build.md has the format. */
export interface Frame {
  readonly type: FrameType;
  /** 0 for messages, else the channel's number. */
  readonly channel: number;
  readonly payload: Uint8Array;
}

export type FrameType = 'message' | 'open' | 'data' | 'credit' | 'end' | 'reset';

/** Their numbers are their positions, from 1. */
const TYPES: readonly FrameType[] = ['message', 'open', 'data', 'credit', 'end', 'reset'];

/** Type (1 byte), channel and length of the payload (4 bytes each, big endian). */
export const HEAD_BYTES = 9;

/** The most that a payload may have, in bytes. */
export const MAX_PAYLOAD: Readonly<Record<FrameType, number>> = {
  message: 16 * 1024 * 1024,
  open: 64 * 1024,
  data: 64 * 1024,
  credit: 4,
  end: 0,
  reset: 64 * 1024,
};

/** Errors: invalid_parameter for a payload that is too large. */
export function encodeFrame({ type, channel, payload }: Frame): Uint8Array {
  checkLength(type, payload.length);
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + payload.length);
  bytes.writeUInt8(TYPES.indexOf(type) + 1, 0);
  bytes.writeUInt32BE(channel, 1);
  bytes.writeUInt32BE(payload.length, 5);
  bytes.set(payload, HEAD_BYTES);
  return bytes;
}

/** Finds frames in bytes that come in any pieces. */
export interface FrameDecoder {
  /** Frames that are complete now. Errors: invalid_parameter for what is no frame, as soon as its head is there. */
  push(bytes: Uint8Array): readonly Frame[];
}

export function createFrameDecoder(): FrameDecoder {
  let pieces: Uint8Array[] = [];
  let have = 0;
  let wanted = HEAD_BYTES;
  let head: Omit<Frame, 'payload'> | undefined;
  const take = (): Buffer => {
    const [only] = pieces;
    const all =
      pieces.length === 1 && only ? Buffer.from(only.buffer, only.byteOffset, only.length) : Buffer.concat(pieces);
    const taken = all.subarray(0, wanted);
    pieces = all.length > wanted ? [all.subarray(wanted)] : [];
    have -= wanted;
    return taken;
  };
  return {
    push(bytes) {
      const frames: Frame[] = [];
      if (bytes.length > 0) pieces.push(bytes);
      have += bytes.length;
      while (have >= wanted) {
        const taken = take();
        if (head === undefined) {
          head = decodeHead(taken);
          wanted = taken.readUInt32BE(5);
          checkLength(head.type, wanted);
          continue;
        }
        frames.push({ ...head, payload: taken });
        head = undefined;
        wanted = HEAD_BYTES;
      }
      return frames;
    },
  };
}

function decodeHead(bytes: Buffer): Omit<Frame, 'payload'> {
  const type = TYPES[bytes.readUInt8(0) - 1];
  if (type === undefined) throw malformed(`a frame of type ${bytes.readUInt8(0)}`);
  return { type, channel: bytes.readUInt32BE(1) };
}

function checkLength(type: FrameType, length: number): void {
  if (length > MAX_PAYLOAD[type]) throw malformed(`a frame of type ${type} with ${length} bytes`);
  if (type === 'credit' && length !== MAX_PAYLOAD.credit) throw malformed('a credit that is no number');
}

/** The other side does not keep to the format. */
export function malformed(what: string): KnownError {
  return new KnownError('invalid_parameter', `malformed build session: ${what}`);
}
