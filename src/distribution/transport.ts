import { errnoOf, isKind, KnownError, messageOf } from '../lib/errors.ts';
import { shownUrl } from '../lib/shown-url.ts';

/** No answer came: there is no connection, or none that is trusted. */
export class ConnectionError extends KnownError {
  /** The system's or the runtime's name for it, `ECONNREFUSED`; empty when it has none. */
  readonly code: string;

  constructor(code: string, message: string, options: { readonly cause: unknown }) {
    super('unavailable', message, options);
    this.name = 'ConnectionError';
    this.code = code;
  }
}

/** `ca`: PEM texts trusted besides the system's; `cert` and `key`: the client's. */
export interface TlsSettings {
  readonly rejectUnauthorized: boolean;
  readonly ca?: string[];
  readonly cert?: string;
  readonly key?: string;
}

/** The part of `fetch` that is used; tests hand in their own. */
export type Fetch = (url: string, init: RequestInit & { readonly tls?: TlsSettings }) => Promise<Response>;

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A function is called for every sending, so that a redirect or a refused token does not meet a stream half read. */
export type RequestBody = string | Uint8Array | (() => AsyncIterable<Uint8Array>);

export interface TransportRequest {
  readonly url: string;
  readonly method?: Method;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
  /** Sent to the first host only, never to where it redirects. */
  readonly authorization?: string;
  readonly verifyTls: boolean;
  /** Plain http allowed, also as target of a redirect. */
  readonly allowHttp: boolean;
  readonly signal: AbortSignal;
}

const MAX_REDIRECTS = 10;

/**
 * One request with redirects followed by hand: at most 10, to http(s) addresses only, from https never down to http (unless
 * the registry is insecure anyway), and the Authorization header never leaves the host it was made for.
 * Errors: unavailable for no connection, with Docker's text; system for a redirect that is not followed; cancelled.
 */
export async function send(fetch: Fetch, request: TransportRequest): Promise<Response> {
  let url = request.url;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const response = await sendOnce(fetch, url, request);
    const location = redirectOf(response);
    if (location === undefined) return response;
    await discard(response);
    url = redirectTarget(url, location, request.allowHttp);
  }
  throw new KnownError('system', `Get "${shownUrl(request.url)}": stopped after ${MAX_REDIRECTS} redirects`);
}

async function sendOnce(fetch: Fetch, url: string, request: TransportRequest): Promise<Response> {
  const headers: Record<string, string> = { 'User-Agent': 'skiff', 'Accept-Encoding': 'identity', ...request.headers };
  if (request.authorization !== undefined && sameOrigin(url, request.url))
    headers.Authorization = request.authorization;
  try {
    return await fetch(url, {
      method: request.method ?? 'GET',
      headers,
      redirect: 'manual',
      signal: request.signal,
      tls: { rejectUnauthorized: request.verifyTls },
      ...(request.body === undefined ? {} : { body: bodyOf(request.body) }),
    });
  } catch (error) {
    throw connectionError(error, url, request);
  }
}

/** An async iterable is read as fast as the connection takes it (the runtime's fetch accepts one where the DOM's types do not). */
function bodyOf(body: RequestBody): NonNullable<RequestInit['body']> {
  return (typeof body === 'function' ? body() : body) as NonNullable<RequestInit['body']>;
}

function redirectOf(response: Response): string | undefined {
  if (![301, 302, 303, 307, 308].includes(response.status)) return undefined;
  return response.headers.get('location') ?? undefined;
}

function redirectTarget(from: string, location: string, allowHttp: boolean): string {
  const target = URL.parse(location, from);
  const allowed =
    target?.protocol === 'https:' || (target?.protocol === 'http:' && (allowHttp || from.startsWith('http:')));
  if (!target || !allowed || target.username !== '' || target.password !== '') {
    throw new KnownError('system', `Get "${shownUrl(from)}": refused to follow a redirect to ${shownUrl(location)}`);
  }
  return target.href;
}

function sameOrigin(a: string, b: string): boolean {
  return new URL(a).origin === new URL(b).origin;
}

/** Texts as users know them from the Go client: `Get "https://h/v2/": dial tcp h:443: connect: connection refused`. */
function connectionError(error: unknown, url: string, request: TransportRequest): KnownError {
  if (request.signal.aborted) return new KnownError('cancelled', 'context canceled', { cause: error });
  if (isKind(error, 'cancelled')) return error;
  const { hostname, port, protocol } = new URL(url);
  const code = errnoOf(error) ?? '';
  const method = request.method ?? 'GET';
  const verb = method.charAt(0) + method.slice(1).toLowerCase();
  const address = `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`;
  const why = reasonOf(code, address, hostname, messageOf(error));
  return new ConnectionError(code, `${verb} "${shownUrl(url)}": ${why}`, { cause: error });
}

function reasonOf(code: string, address: string, hostname: string, text: string): string {
  switch (code) {
    case 'ECONNREFUSED':
    case 'ConnectionRefused':
      return `dial tcp ${address}: connect: connection refused`;
    case 'ENOTFOUND':
      return `dial tcp: lookup ${hostname}: no such host`;
    case 'EHOSTUNREACH':
      return `dial tcp ${address}: connect: no route to host`;
    case 'ENETUNREACH':
      return `dial tcp ${address}: connect: network is unreachable`;
    case 'ECONNRESET':
    case 'ConnectionClosed':
      return 'EOF';
    case 'ETIMEDOUT':
      return `dial tcp ${address}: i/o timeout`;
    default:
      return text;
  }
}

/** Gives up a body that nobody wants, whatever became of it. */
export async function discard(response: Response): Promise<void> {
  try {
    await response.body?.cancel();
  } catch {
    // It broke before it was given up.
  }
}

/** Reads a body that must be small. Errors: data_loss when it is larger than `maxBytes`; unavailable when it breaks off; cancelled. */
export async function readBody(response: Response, maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let total = 0;
  try {
    for await (const part of response.body ?? []) {
      total += part.byteLength;
      if (total > maxBytes)
        throw new KnownError('data_loss', `answer of ${shownUrl(response.url)} is larger than ${maxBytes} bytes`);
      parts.push(part);
    }
  } catch (error) {
    throw error instanceof KnownError ? error : brokenBody(error, `Get "${shownUrl(response.url)}"`);
  }
  return Buffer.concat(parts);
}

/** What a body that ended too early is told as: the runtime's own text is about its options. */
export function brokenBody(error: unknown, doing: string): KnownError {
  if (error instanceof Error && error.name === 'AbortError')
    return new KnownError('cancelled', 'context canceled', { cause: error });
  const closed = ['ECONNRESET', 'ConnectionClosed'].includes(errnoOf(error) ?? '');
  return new KnownError('unavailable', `${doing}: ${closed ? 'unexpected EOF' : messageOf(error)}`, { cause: error });
}
