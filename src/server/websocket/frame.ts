/** Frames of the WebSocket protocol (RFC 6455 section 5), as a server reads and writes them. */

const OPCODES: Readonly<Record<number, 'data' | 'close' | 'ping' | 'pong'>> = {
  0: 'data',
  1: 'data',
  2: 'data',
  8: 'close',
  9: 'ping',
  10: 'pong',
};
const CONTROL_MAX_BYTES = 125;

/** Reasons for closing (section 7.4.1). */
export const CLOSE = { normal: 1000, protocolError: 1002 } as const;

export type ReadFrame =
  /** Bytes of a message, in whatever pieces they came; messages have no borders here. */
  | { readonly kind: 'data'; readonly payload: Uint8Array }
  | { readonly kind: 'close' | 'ping' | 'pong'; readonly payload: Uint8Array }
  /** The client has broken the protocol; nothing more is read. */
  | { readonly kind: 'broken'; readonly reason: string };

interface Head {
  readonly kind: 'data' | 'close' | 'ping' | 'pong';
  readonly mask: Uint8Array;
  readonly sizeBytes: number;
  readonly headBytes: number;
}

/** Reads frames out of chunks cut anywhere. Payload of messages is passed on as it comes, so no size of a frame makes this grow. */
export function createFrameReader(): (chunk: Uint8Array) => readonly ReadFrame[] {
  let rest: Buffer = Buffer.alloc(0);
  let head: Head | undefined;
  let read = 0;
  let broken = false;
  return (chunk) => {
    const frames: ReadFrame[] = [];
    rest = Buffer.concat([rest, chunk]);
    while (!broken) {
      if (head === undefined) {
        const found = parseHead(rest);
        if (found === undefined) break;
        if (typeof found === 'string') {
          broken = true;
          frames.push({ kind: 'broken', reason: found });
          break;
        }
        head = found;
        read = 0;
        rest = rest.subarray(found.headBytes);
      }
      const left = head.sizeBytes - read;
      if (head.kind !== 'data' && rest.length < left) break;
      const payload = unmask(rest.subarray(0, left), head.mask, read);
      rest = rest.subarray(payload.length);
      read += payload.length;
      if (head.kind !== 'data' || payload.length > 0) frames.push({ kind: head.kind, payload });
      if (read < head.sizeBytes) break;
      head = undefined;
    }
    return frames;
  };
}

/** undefined: more bytes are needed. A text: what is wrong. */
function parseHead(bytes: Buffer): Head | string | undefined {
  if (bytes.length < 2) return undefined;
  const [first, second] = [bytes.readUInt8(0), bytes.readUInt8(1)];
  const kind = OPCODES[first & 0x0f];
  if (kind === undefined) return `unknown opcode ${first & 0x0f}`;
  if ((first & 0x70) !== 0) return 'reserved bits are set';
  if ((second & 0x80) === 0) return 'a frame of a client is not masked';
  const short = second & 0x7f;
  if (kind !== 'data' && (short > CONTROL_MAX_BYTES || (first & 0x80) === 0))
    return 'a control frame is too long or cut';
  const sizeBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  const headBytes = 2 + sizeBytes + 4;
  if (bytes.length < headBytes) return undefined;
  const size = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
  if (size > Number.MAX_SAFE_INTEGER) return 'a frame is too long';
  return { kind, mask: Uint8Array.from(bytes.subarray(headBytes - 4, headBytes)), sizeBytes: size, headBytes };
}

function unmask(bytes: Uint8Array, mask: Uint8Array, from: number): Uint8Array {
  return bytes.map((byte, at) => byte ^ (mask[(from + at) % 4] ?? 0));
}

/** One whole frame of a server: not masked, the only one of its message. */
export function formatServerFrame(kind: 'text' | 'binary' | 'close' | 'pong', payload: Uint8Array): Uint8Array {
  const opcode = { text: 1, binary: 2, close: 8, pong: 10 }[kind];
  const size = payload.length;
  const head = Buffer.alloc(size < 126 ? 2 : size < 65_536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  head[1] = size < 126 ? size : size < 65_536 ? 126 : 127;
  if (head.length === 4) head.writeUInt16BE(size, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(size), 2);
  return Buffer.concat([head, payload]);
}

export function formatClose(code: number): Uint8Array {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  return formatServerFrame('close', payload);
}
