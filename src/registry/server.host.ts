import { KnownError, messageOf } from '../lib/errors.ts';
import type { Reply } from './call.ts';
import type { Handler } from './handler.ts';

export interface ListenOptions {
  readonly address: Address;
  readonly tls: TlsFiles | undefined;
  readonly handler: Handler;
  /** A connection on which nothing moves for so long is closed; at most 255. */
  readonly idleTimeoutSeconds: number;
}

export type Address =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** Contents of PEM files. */
export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
  /** With these, clients must show a certificate that one of them has signed. */
  readonly clientAuthorities: readonly string[];
}

export interface Listening {
  /** `127.0.0.1:5000`, or the socket's path. */
  readonly address: string;
  /** Takes no more connections and waits for requests that run, at most so long; then it cuts them. */
  close(drainMs: number): Promise<void>;
}

/** Errors: system when the address cannot be had. */
export function listen({ address, tls, handler, idleTimeoutSeconds }: ListenOptions): Listening {
  const options = {
    /** Blobs are bounded by the disk, manifests by their route. */
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    development: false,
    fetch: async (request: Request, server: Bun.Server<undefined>): Promise<Response> => {
      const remote = server.requestIP(request);
      return await respond(handler, request, remote ? `${remote.address}:${remote.port}` : 'unix');
    },
    error: (): Response => new Response(null, { status: 500 }),
  };
  const secure = tls ? { tls: tlsOptions(tls) } : {};
  try {
    const server =
      address.kind === 'unix'
        ? Bun.serve<undefined>({ ...options, ...secure, unix: address.path })
        : Bun.serve<undefined>({
            ...options,
            ...secure,
            idleTimeout: idleTimeoutSeconds,
            hostname: address.host,
            port: address.port,
          });
    const name =
      address.kind === 'unix'
        ? address.path
        : formatHostPort(server.hostname ?? address.host, server.port ?? address.port);
    return { address: name, close: async (drainMs) => await close(server, drainMs) };
  } catch (error) {
    throw new KnownError('system', `listening on ${JSON.stringify(address)}: ${messageOf(error)}`, { cause: error });
  }
}

function tlsOptions({ certificate, key, clientAuthorities }: TlsFiles): Bun.TLSOptions {
  const clients =
    clientAuthorities.length > 0 ? { ca: [...clientAuthorities], requestCert: true, rejectUnauthorized: true } : {};
  return { cert: certificate, key, ...clients };
}

const HOST = /^[\w.:[\]-]*$/;

async function respond(handler: Handler, request: Request, remote: string): Promise<Response> {
  const { url, method, headers } = request;
  // The URL begins with what the client calls this server; a slash in there would pass for the path.
  if (!HOST.test(headers.get('host') ?? '')) return new Response(null, { status: 400 });
  const slash = url.indexOf('/', url.indexOf('://') + 3);
  const mark = url.indexOf('?', slash);
  const path = mark === -1 ? url.slice(slash) : url.slice(slash, mark);
  const query = new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1));
  const body = (request.body ?? undefined) as AsyncIterable<Uint8Array> | undefined;
  return toResponse(method, await handler({ method, path, query, headers, body, remote }));
}

function toResponse(method: string, { status, headers, body }: Reply): Response {
  if (body === undefined) return new Response(null, { status, headers });
  if (method === 'HEAD') {
    const length = body.kind === 'bytes' ? Buffer.byteLength(body.bytes) : headers['Content-Length'];
    return new Response(null, { status, headers: { ...headers, 'Content-Length': String(length) } });
  }
  const init = { status, headers: headers as Record<string, string> };
  switch (body.kind) {
    case 'bytes':
      return new Response(body.bytes as Uint8Array<ArrayBuffer> | string, init);
    case 'file':
      if (body.start === body.end) return new Response('', init);
      return new Response(Bun.file(body.path).slice(body.start, body.end), {
        status,
        headers: { ...headers, 'Content-Disposition': 'attachment' },
      });
    case 'stream':
      return new Response(body.source as unknown as ReadableStream, init);
  }
}

async function close(server: Bun.Server<undefined>, drainMs: number): Promise<void> {
  const timer = setTimeout(() => void server.stop(true), drainMs);
  await server.stop(false);
  clearTimeout(timer);
}

function formatHostPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
