import type { Duplex } from 'node:stream';
import { createUnframer } from '../unframe.ts';
import { CLOSE, createFrameReader, formatClose, formatServerFrame } from './frame.ts';

/**
 * Joins a websocket and an attach stream until one of them ends. Output goes out as a message a chunk, never in the frames of the
 * multiplexed stream; messages go in as they come. Neither side is read faster than the other takes it.
 */
export function joinWebSocket(
  connection: Duplex,
  stream: Duplex,
  { tty, binary }: { readonly tty: boolean; readonly binary: boolean },
): void {
  const read = createFrameReader();
  const unframe = tty ? (chunk: Uint8Array): readonly Uint8Array[] => [chunk] : createUnframer();
  let closed = false;
  const close = (code: number): void => {
    if (closed) return;
    closed = true;
    connection.end(formatClose(code));
  };
  connection.on('data', (chunk: Uint8Array) => {
    for (const frame of read(chunk)) {
      if (frame.kind === 'data' && !stream.writableEnded && !stream.write(frame.payload)) connection.pause();
      if (frame.kind === 'ping' && !closed) connection.write(formatServerFrame('pong', frame.payload));
      if (frame.kind === 'broken') close(CLOSE.protocolError);
      // a websocket has no half-open state: whoever closes has neither input nor ears left
      if (frame.kind === 'close' || frame.kind === 'broken') leave(stream);
      if (frame.kind === 'close') close(CLOSE.normal);
    }
  });
  stream.on('drain', () => connection.resume());
  stream.on('data', (chunk: Uint8Array) => {
    for (const payload of unframe(chunk)) {
      if (closed) return;
      if (!connection.write(formatServerFrame(binary ? 'binary' : 'text', payload))) stream.pause();
    }
  });
  connection.on('drain', () => stream.resume());
  connection.on('end', () => leave(stream));
  connection.on('error', () => stream.destroy());
  connection.on('close', () => leave(stream));
  stream.on('end', () => close(CLOSE.normal));
  stream.on('error', () => connection.destroy());
  stream.on('close', () => close(CLOSE.normal));
  connection.resume();
}

/** The input ends first, as the end of a process's stdin; then nothing is read any more. */
function leave(stream: Duplex): void {
  if (stream.destroyed) return;
  if (stream.writableEnded) stream.destroy();
  else stream.end(() => stream.destroy());
}
