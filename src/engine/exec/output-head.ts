const HEADER_BYTES = 8;

/** The beginning of what a process has written, stdout and stderr as they came. */
export interface OutputHead {
  /** Takes a piece of the multiplexed stream (8-byte headers), cut anywhere. */
  push(bytes: Uint8Array): void;
  /** What was kept, with `...` behind it when there was more. */
  text(): string;
}

/** Keeps `maxBytes` and no more, however much comes. */
export function createOutputHead(maxBytes: number): OutputHead {
  const header = Buffer.alloc(HEADER_BYTES);
  const kept = Buffer.alloc(maxBytes);
  let headerBytes = 0;
  let payloadLeft = 0;
  let keptBytes = 0;
  let more = false;

  function keep(piece: Uint8Array): void {
    const fits = piece.subarray(0, maxBytes - keptBytes);
    kept.set(fits, keptBytes);
    keptBytes += fits.length;
    more ||= fits.length < piece.length;
  }

  return {
    push(bytes) {
      for (let at = 0; at < bytes.length; ) {
        if (headerBytes < HEADER_BYTES) {
          header[headerBytes++] = bytes[at++] ?? 0;
          if (headerBytes === HEADER_BYTES) payloadLeft = header.readUInt32BE(4);
        } else {
          const piece = bytes.subarray(at, at + payloadLeft);
          keep(piece);
          at += piece.length;
          payloadLeft -= piece.length;
        }
        if (headerBytes === HEADER_BYTES && payloadLeft === 0) headerBytes = 0;
      }
    },
    text: () => `${kept.toString('utf8', 0, keptBytes)}${more ? '...' : ''}`,
  };
}
