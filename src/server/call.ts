import type { IncomingMessage, ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';
import { KnownError, messageOf } from '../lib/errors.ts';
import type { AnswerStream, Call } from './route.ts';

const JSON_BODY_BYTES = 4 * 1024 * 1024;

/** A call on a plain request. `hijack` is only for requests that come by `upgrade`, and for those that do not ask for one. */
export function createCall(
  request: IncomingMessage,
  response: ServerResponse,
  parts: Pick<Call, 'params' | 'query' | 'apiVersion' | 'signal'>,
): Call {
  return {
    ...parts,
    headers: request.headers,
    body: request,
    json: async () => await readJson(request),
    answerJson(status, value) {
      const text = `${JSON.stringify(value)}\n`;
      response.writeHead(status, {
        'Content-Type': 'application/json',
        'Content-Length': String(Buffer.byteLength(text)),
      });
      response.end(text);
    },
    answerText(status, text, headers = {}) {
      response.writeHead(status, {
        'Content-Type': 'text/plain; charset=utf-8',
        'Content-Length': String(Buffer.byteLength(text)),
        ...headers,
      });
      response.end(text);
    },
    answerEmpty(status) {
      response.writeHead(status);
      response.end();
    },
    answerStream(status, contentType, headers = {}) {
      response.writeHead(status, { ...headers, 'Content-Type': contentType });
      response.flushHeaders();
      return streamTo(response);
    },
    hijack({ plain }) {
      response.writeHead(200, { 'Content-Type': plain, Connection: 'close' });
      response.flushHeaders();
      return joinAnswer(request, response);
    },
  };
}

function streamTo(response: ServerResponse): AnswerStream {
  return {
    async write(chunk) {
      if (response.destroyed || response.write(chunk)) return;
      await new Promise<void>((resolve) => {
        const done = (): void => {
          response.off('drain', done);
          response.off('close', done);
          resolve();
        };
        response.on('drain', done);
        response.on('close', done);
      });
    },
    object(value) {
      if (!response.destroyed) response.write(`${JSON.stringify(value)}\r\n`);
    },
    end() {
      response.end();
    },
  };
}

/** Request body in, answer out, as one stream. */
function joinAnswer(request: IncomingMessage, response: ServerResponse): Duplex {
  const joined = new Duplex({
    allowHalfOpen: true,
    read: () => void request.resume(),
    write: (chunk: Uint8Array, _encoding, done) => void response.write(chunk, done),
    final: (done) => void response.end(done),
  });
  request.on('data', (chunk) => {
    if (!joined.push(chunk)) request.pause();
  });
  request.on('end', () => joined.push(null));
  response.on('close', () => joined.destroy());
  return joined;
}

/** Docker's rules for JSON bodies. */
async function readJson(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > JSON_BODY_BYTES) throw new KnownError('invalid_parameter', 'request body too large');
    chunks.push(chunk);
  }
  if (size === 0) return {};
  checkJsonType(request.headers['content-type'] ?? '');
  return parseObject(Buffer.concat(chunks).toString('utf8'));
}

/** Texts of moby, httputils.CheckForJSON. */
function checkJsonType(header: string): void {
  const type = header.split(';')[0]?.trim().toLowerCase();
  const shown = header.slice(0, 100);
  if (!type) throw new KnownError('invalid_parameter', `malformed Content-Type header (${shown}): mime: no media type`);
  if (type !== 'application/json')
    throw new KnownError('invalid_parameter', `unsupported Content-Type header (${shown}): must be 'application/json'`);
}

/** A JSON object; null is an empty one. Errors: invalid_parameter. */
export function parseObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  if (text.trim() === '') throw new KnownError('invalid_parameter', 'invalid JSON: got EOF while reading request body');
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new KnownError('invalid_parameter', `invalid JSON: ${messageOf(error).slice(0, 200)}`, { cause: error });
  }
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value))
    throw new KnownError('invalid_parameter', 'invalid JSON: the request body must be an object');
  return { ...value };
}
