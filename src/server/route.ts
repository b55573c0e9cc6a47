import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';

/** One endpoint. `path` is like `/containers/{name}/json`; a `{name}` takes slashes too when another segment follows it or it ends in `*`: `/images/{name*}`. */
export interface Route {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  /** The first version of the API that has it; undefined: all. */
  readonly since?: string;
  readonly handle: (call: Call) => Promise<void>;
}

/** A request and the ways to answer it. Exactly one answer is given; what a handler throws becomes the error answer. */
export interface Call {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** `1.51` or what the path's prefix says. */
  readonly apiVersion: string;
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal;
  /** The body as it comes. */
  readonly body: AsyncIterable<Uint8Array>;
  /** The body as JSON: an object, `{}` when empty. Errors: invalid_parameter for another content type, malformed JSON, trailing data, more than 4 MiB. */
  json(): Promise<Readonly<Record<string, unknown>>>;
  answerJson(status: number, value: unknown): void;
  answerText(status: number, text: string, headers?: Readonly<Record<string, string>>): void;
  answerEmpty(status: number): void;
  /** Headers at once, then chunks with backpressure; `end` when done. A client that has gone makes `write` return at once. */
  answerStream(status: number, contentType: string, headers?: Readonly<Record<string, string>>): AnswerStream;
  /** The raw connection in both directions, after 101 (Upgrade) or 200. For attach, exec and builds. */
  hijack(answer: HijackAnswer): Duplex;
}

export interface HijackAnswer {
  /** Content type after a 101; undefined: none. */
  readonly upgraded?: string;
  /** Content type after a 200. */
  readonly plain: string;
  /** The protocol that a 101 names: `tcp` when undefined. */
  readonly protocol?: string;
  /** More headers of a 101. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface AnswerStream {
  write(chunk: Uint8Array | string): Promise<void>;
  /** One JSON object on a line. Not awaited: for progress, whose amount is small. */
  object(value: unknown): void;
  end(): void;
}

/** A boolean of a query: "", 0, no, false and none (any case) are false, everything else is true. */
export function flag(query: URLSearchParams, name: string, otherwise = false): boolean {
  const value = query.get(name);
  if (value === null) return otherwise;
  return !['', '0', 'no', 'false', 'none'].includes(value.trim().toLowerCase());
}
