/** Longest message over TCP; its length stands before it in two bytes (RFC 1035, 4.2.2). */
export const MOST_FRAME_BYTES = 65_535;

/** Cuts a TCP stream into messages; keeps what is not complete yet. */
export function createFrameReader(): (chunk: Uint8Array) => readonly Uint8Array[] {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    const messages: Uint8Array[] = [];
    while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
      const end = 2 + rest.readUInt16BE(0);
      messages.push(Uint8Array.from(rest.subarray(2, end)));
      rest = rest.subarray(end);
    }
    return messages;
  };
}

export function formatFrame(message: Uint8Array): Uint8Array {
  const frame = Buffer.alloc(2 + message.length);
  frame.writeUInt16BE(message.length, 0);
  frame.set(message, 2);
  return frame;
}
