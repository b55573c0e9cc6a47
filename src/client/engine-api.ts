import { errnoOf, messageOf } from '../lib/errors.ts';
import { ApiError, ConnectionError } from './api-error.ts';
import { openSocket } from './byte-socket.host.ts';
import type { ByteSocket } from './byte-socket.ts';
import type { Endpoint } from './endpoint.ts';
import { formatRequestHead } from './http/head.ts';
import { type HttpResponse, readResponse } from './http/response.ts';

export const API_VERSION = '1.51';

export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export interface RequestOptions {
  readonly query?: Query;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it comes, chunked. */
  readonly upload?: AsyncIterable<Uint8Array>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Asks for the connection itself (attach, exec): the response's `socket` is a raw stream. A text is the protocol to upgrade to; `true` is tcp. */
  readonly upgrade?: boolean | string;
}

/**
 * The Engine API over one connection per request.
 *
 * Requests name the newest version we know without asking first: one round trip less than negotiating. A daemon that
 * is older says so in its refusal, and the request is made again in its version.
 */
export interface EngineApi {
  readonly endpoint: Endpoint;
  /** The API version in use; what it is after the first answer is what daemon and client agree on. */
  readonly version: string;
  /** Errors: ApiError for a status of 400 or more, ConnectionError when nobody answers. */
  send(method: string, path: string, options?: RequestOptions): Promise<HttpResponse>;
  /** `send`, with the body parsed as JSON. */
  json<T>(method: string, path: string, options?: RequestOptions): Promise<T>;
  /** `send`, with the body dropped. */
  call(method: string, path: string, options?: RequestOptions): Promise<void>;
}

export interface EngineApiOptions {
  readonly endpoint: Endpoint;
  readonly headers?: Readonly<Record<string, string>>;
  /** Fixed by the user (DOCKER_API_VERSION): never changed. */
  readonly version?: string;
  readonly userAgent: string;
}

export function createEngineApi(options: EngineApiOptions): EngineApi {
  const { endpoint } = options;
  let version = options.version || API_VERSION;
  let agreed = Boolean(options.version);

  async function once(method: string, path: string, request: RequestOptions): Promise<HttpResponse> {
    const target = `/v${version}${path}${formatQuery(request.query)}`;
    try {
      const socket = await openSocket(endpoint);
      await sendRequest(socket, method, target, request, options);
      return await readResponse(socket, method);
    } catch (error) {
      throw toConnectionError(error, endpoint, method, target);
    }
  }

  async function send(method: string, path: string, request: RequestOptions = {}): Promise<HttpResponse> {
    if (request.upload !== undefined && !agreed) await agree();
    const response = await once(method, path, request);
    if (response.status < 400) return response;
    const error = await readError(response, `${method} ${path}`);
    const supported = /^client version \S+ is too new\. Maximum supported API version is ([\d.]+)/.exec(
      error.detail,
    )?.[1];
    if (supported === undefined || agreed) throw error;
    version = supported;
    agreed = true;
    return send(method, path, request);
  }

  /** An upload cannot be sent twice, so its version is settled before. */
  async function agree(): Promise<void> {
    const response = await send('HEAD', '/_ping').catch((error: unknown) => {
      if (error instanceof ApiError) return undefined;
      throw error;
    });
    await response?.text();
    if (!agreed && (response === undefined || response.status >= 400)) await (await send('GET', '/_ping')).text();
    agreed = true;
  }

  return {
    endpoint,
    get version() {
      return version;
    },
    send,
    json: async <T>(method: string, path: string, request?: RequestOptions): Promise<T> => {
      const text = await (await send(method, path, request)).text();
      return JSON.parse(text) as T;
    },
    call: async (method, path, request) => {
      await (await send(method, path, request)).text();
    },
  };
}

/** `?a=1&b=2`, values escaped; undefined, false and empty are left out, a list repeats its key. */
export function formatQuery(query: Query | undefined): string {
  const parts: string[] = [];
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value === undefined || value === false || value === '') continue;
    const values = Array.isArray(value) ? value : [value === true ? '1' : String(value)];
    for (const item of values) parts.push(`${key}=${encodeURIComponent(item)}`);
  }
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}

async function sendRequest(
  socket: ByteSocket,
  method: string,
  target: string,
  request: RequestOptions,
  options: EngineApiOptions,
): Promise<void> {
  const json = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
  const headers = {
    Host: options.endpoint.kind === 'unix' ? 'api.moby.localhost' : hostHeader(options.endpoint),
    'User-Agent': options.userAgent,
    ...options.headers,
    ...request.headers,
    ...(request.upgrade
      ? { Connection: 'Upgrade', Upgrade: request.upgrade === true ? 'tcp' : request.upgrade }
      : { Connection: 'close' }),
    ...contentHeaders(method, json, request),
  };
  const head = formatRequestHead(method, target, headers);
  await socket.write(json === undefined ? head : Buffer.concat([head, json]));
  if (request.upload !== undefined) await sendChunks(socket, request.upload);
}

function contentHeaders(method: string, json: Buffer | undefined, request: RequestOptions): Record<string, string> {
  if (request.upload !== undefined) return { 'Content-Type': 'application/x-tar', 'Transfer-Encoding': 'chunked' };
  if (json !== undefined) return { 'Content-Type': 'application/json', 'Content-Length': String(json.length) };
  return method === 'POST' || method === 'PUT' ? { 'Content-Length': '0' } : {};
}

/** A daemon that answers before it has read everything (a refusal) stops the upload; its answer is what counts. */
async function sendChunks(socket: ByteSocket, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of chunks) {
    if (chunk.length === 0) continue;
    try {
      await socket.write(Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]));
    } catch {
      return;
    }
  }
  await socket.write(Buffer.from('0\r\n\r\n')).catch(() => undefined);
}

function hostHeader(endpoint: Extract<Endpoint, { kind: 'tcp' }>): string {
  const name = endpoint.hostname.includes(':') ? `[${endpoint.hostname}]` : endpoint.hostname;
  return `${name}:${endpoint.port}`;
}

async function readError(response: HttpResponse, route: string): Promise<ApiError> {
  const text = (await response.text()).trim();
  return new ApiError(response.status, messageIn(text) || `${route}: status ${response.status}`);
}

function messageIn(text: string): string {
  if (!text.startsWith('{')) return text;
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null && 'message' in body) return String(body.message).trim();
  } catch {
    return text;
  }
  return text;
}

function schemeOf(endpoint: Endpoint): string {
  return endpoint.kind === 'tcp' && endpoint.tls ? 'https' : 'http';
}

function toConnectionError(error: unknown, endpoint: Endpoint, method: string, target: string): unknown {
  const code = errnoOf(error);
  if (error instanceof ApiError) return error;
  if (code === 'ENOENT' || code === 'ECONNREFUSED') {
    return new ConnectionError(
      `Cannot connect to the Docker daemon at ${endpoint.text}. Is the docker daemon running?`,
      error,
    );
  }
  const where = endpoint.kind === 'unix' ? encodeURIComponent(endpoint.path) : hostHeader(endpoint);
  const action = `${method.charAt(0)}${method.slice(1).toLowerCase()} "${schemeOf(endpoint)}://${where}${target}"`;
  if (code === 'EACCES' || code === 'EPERM') {
    const path = endpoint.kind === 'unix' ? `dial unix ${endpoint.path}` : `dial tcp ${where}`;
    return new ConnectionError(
      `permission denied while trying to connect to the Docker daemon socket at ${endpoint.text}: ${action}: ${path}: connect: permission denied`,
      error,
    );
  }
  return new ConnectionError(`error during connect: ${action}: ${messageOf(error)}`, error);
}
