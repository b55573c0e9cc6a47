const HEADER_BYTES = 8;

/** Takes the frames of the multiplexed stream off again: the payloads of chunks cut anywhere, in the pieces they came in. */
export function createUnframer(): (chunk: Uint8Array) => readonly Uint8Array[] {
  let head: Buffer = Buffer.alloc(0);
  let left = 0;
  return (chunk) => {
    const payloads: Uint8Array[] = [];
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    while (rest.length > 0) {
      if (left === 0) {
        const taken = rest.subarray(0, HEADER_BYTES - head.length);
        head = Buffer.concat([head, taken]);
        rest = rest.subarray(taken.length);
        if (head.length < HEADER_BYTES) break;
        left = head.readUInt32BE(4);
        head = Buffer.alloc(0);
        continue;
      }
      const payload = rest.subarray(0, left);
      payloads.push(payload);
      left -= payload.length;
      rest = rest.subarray(payload.length);
    }
    return payloads;
  };
}
