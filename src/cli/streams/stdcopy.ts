import { KnownError } from '../../lib/errors.ts';

const HEADER_BYTES = 8;
const STDERR = 2;
const SYSTEM_ERROR = 3;

/** Takes Docker's framed stream apart (1 byte stream, 3 zero, 4 length big-endian); frames may be cut anywhere. */
export interface Demux {
  /** Errors: system for a malformed frame or for an error the daemon sends in the stream. */
  push(bytes: Uint8Array): void;
}

/** `out` and `err` get views of what is pushed, in its order. */
export function createDemux(out: (bytes: Uint8Array) => void, err: (bytes: Uint8Array) => void): Demux {
  const header = new Uint8Array(HEADER_BYTES);
  let headerBytes = 0;
  let left = 0;
  let problem = '';

  function write(piece: Uint8Array): void {
    if (header[0] === STDERR) err(piece);
    else if (header[0] === SYSTEM_ERROR) problem += Buffer.from(piece).toString();
    else out(piece);
  }

  function endFrame(): void {
    headerBytes = 0;
    if (header[0] === SYSTEM_ERROR) throw new KnownError('system', `error from daemon in stream: ${problem}`);
  }

  function startFrame(): void {
    const stream = header[0] ?? 0;
    if (stream > SYSTEM_ERROR) throw new KnownError('system', `Unrecognized input header: ${stream}`);
    left = new DataView(header.buffer).getUint32(4);
    if (left === 0) endFrame();
  }

  return {
    push(bytes) {
      for (let at = 0; at < bytes.length; ) {
        if (headerBytes < HEADER_BYTES) {
          header[headerBytes++] = bytes[at++] ?? 0;
          if (headerBytes === HEADER_BYTES) startFrame();
          continue;
        }
        const piece = bytes.subarray(at, at + left);
        write(piece);
        at += piece.length;
        left -= piece.length;
        if (left === 0) endFrame();
      }
    },
  };
}
