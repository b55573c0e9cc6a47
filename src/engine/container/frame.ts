const HEADER_BYTES = 8;

/** One frame of the multiplexed stream (stdcopy): stream number, three zero bytes, length as big-endian 32 bits, payload. */
export function formatFrame(stream: 'stdout' | 'stderr', payload: Uint8Array): Uint8Array {
  const frame = Buffer.alloc(HEADER_BYTES + payload.length);
  frame[0] = stream === 'stdout' ? 1 : 2;
  frame.writeUInt32BE(payload.length, 4);
  frame.set(payload, HEADER_BYTES);
  return frame;
}
