import { KnownError } from '../../lib/errors.ts';

/** Status line and headers of a response; header names in lower case, repeated ones joined by `, `. */
export interface ResponseHead {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
}

const MAX_HEAD = 256 * 1024;
const encoder = new TextEncoder();

/** The bytes of a request's start line and headers. A name or value with a line break is refused. */
export function formatRequestHead(
  method: string,
  target: string,
  headers: Readonly<Record<string, string>>,
): Uint8Array {
  let head = `${method} ${target} HTTP/1.1\r\n`;
  for (const name in headers) {
    const line = `${name}: ${headers[name]}`;
    if (/[\r\n\0]/.test(line))
      throw new KnownError('invalid_parameter', `invalid HTTP header: ${JSON.stringify(name)}`);
    head += `${line}\r\n`;
  }
  return encoder.encode(`${head}\r\n`);
}

/** Where the head ends (the index after the empty line), or -1 when more bytes are needed. Errors: system when it is too long. */
export function endOfHead(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) {
    if (bytes[at + 1] === 10) return at + 2;
    if (bytes[at + 1] === 13 && bytes[at + 2] === 10) return at + 3;
  }
  if (bytes.length > MAX_HEAD) throw new KnownError('system', 'the daemon sent response headers without an end');
  return -1;
}

/** Parses what `endOfHead` delimited. Errors: system for what is no HTTP. */
export function parseHead(text: string): ResponseHead {
  const lines = text.split(/\r?\n/);
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(lines[0] ?? '')?.[1];
  if (status === undefined) {
    throw new KnownError('system', `malformed HTTP response ${JSON.stringify((lines[0] ?? '').slice(0, 60))}`);
  }
  const headers = new Map<string, string>();
  for (let index = 1; index < lines.length; index++) {
    const line = lines[index] ?? '';
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return { status: Number(status), headers };
}
