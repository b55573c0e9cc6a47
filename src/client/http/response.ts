import { KnownError } from '../../lib/errors.ts';
import type { ByteSocket } from '../byte-socket.ts';
import { createChunkedDecoder } from './chunked.ts';
import { endOfHead, parseHead, type ResponseHead } from './head.ts';

/** A response whose body has not been read yet. Exactly one of `body`, `text` and `socket` is used, once. */
export interface HttpResponse extends ResponseHead {
  readonly body: AsyncIterable<Uint8Array>;
  text(): Promise<string>;
  /** After an upgrade: the connection itself, bytes already received included. */
  readonly socket: ByteSocket;
}

/** Reads the head of the response to `method`; the body is read when asked for. Interim responses (100) are skipped. */
export async function readResponse(socket: ByteSocket, method: string): Promise<HttpResponse> {
  let head = await readHead(socket);
  while (head.status >= 100 && head.status < 200 && head.status !== 101) head = await readHead(socket);
  const body = bodyOf(socket, head, method);
  return { status: head.status, headers: head.headers, body, text: () => collectText(body), socket };
}

async function readHead(socket: ByteSocket): Promise<ResponseHead> {
  let seen: Uint8Array = new Uint8Array(0);
  for (;;) {
    const chunk = await socket.read();
    if (chunk === undefined) throw new KnownError('unavailable', 'EOF');
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const end = endOfHead(seen);
    if (end === -1) continue;
    socket.unread(seen.subarray(end));
    return parseHead(Buffer.from(seen.buffer, seen.byteOffset, end).toString('latin1'));
  }
}

function bodyOf(socket: ByteSocket, head: ResponseHead, method: string): AsyncIterable<Uint8Array> {
  if (method === 'HEAD' || head.status === 204 || head.status === 304) return sized(socket, 0);
  if (head.headers.get('transfer-encoding')?.toLowerCase().includes('chunked')) return chunked(socket);
  const length = head.headers.get('content-length');
  return length === undefined ? untilEnd(socket) : sized(socket, Number(length));
}

async function* sized(socket: ByteSocket, length: number): AsyncGenerator<Uint8Array> {
  try {
    for (let left = length; left > 0; ) {
      const chunk = await socket.read();
      if (chunk === undefined) throw new KnownError('unavailable', 'unexpected EOF');
      yield chunk.length > left ? chunk.subarray(0, left) : chunk;
      left -= chunk.length;
    }
  } finally {
    socket.close();
  }
}

async function* chunked(socket: ByteSocket): AsyncGenerator<Uint8Array> {
  const decoder = createChunkedDecoder();
  try {
    while (!decoder.done) {
      const chunk = await socket.read();
      if (chunk === undefined) throw new KnownError('unavailable', 'unexpected EOF');
      yield* decoder.push(chunk);
    }
  } finally {
    socket.close();
  }
}

async function* untilEnd(socket: ByteSocket): AsyncGenerator<Uint8Array> {
  try {
    for (let chunk = await socket.read(); chunk !== undefined; chunk = await socket.read()) yield chunk;
  } finally {
    socket.close();
  }
}

async function collectText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
