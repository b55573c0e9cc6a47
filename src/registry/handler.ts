import { randomUUID } from 'node:crypto';
import { errnoOf, messageOf } from '../lib/errors.ts';
import type { Authenticator } from './auth/authenticator.ts';
import { type Access, type Call, type Reply, text } from './call.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { formatErrorBody, RegistryError } from './registry-error.ts';
import type { Match } from './routes/route.ts';

/** A request before anybody has looked at it. */
export interface Incoming extends Omit<Call, 'may'> {
  readonly remote: string;
}

export interface HandlerDeps {
  readonly authenticator: Authenticator;
  readonly match: (method: string, path: string) => Match | undefined;
  /** Pages, metrics and health: everything that is not the registry API. */
  readonly matchOther: (method: string, path: string) => Match | undefined;
  /** `https://images.example`: how the client reaches this server. */
  readonly originOf: (headers: Incoming['headers']) => string;
  readonly readOnly: boolean;
  /** http.headers: on every answer. */
  readonly headers: Readonly<Record<string, string>>;
  readonly log: Log;
  readonly accessLog: boolean;
  readonly metrics: Metrics;
  /** Milliseconds on a clock that only goes forward. */
  readonly clock: () => number;
}

export type Handler = (incoming: Incoming) => Promise<Reply>;

/** Every request: find the route, ask who may, run it, turn failures into answers, count and log. Never rejects. */
export function createHandler(deps: HandlerDeps): Handler {
  return async (incoming) => {
    const before = deps.clock();
    const seen: Seen = { route: 'none', user: undefined, error: undefined };
    const reply = withHeaders(deps, incoming, await answer(deps, incoming, seen));
    record(deps, incoming, reply, seen, deps.clock() - before);
    return reply;
  };
}

interface Seen {
  route: string;
  user: string | undefined;
  error: unknown;
}

async function answer(deps: HandlerDeps, incoming: Incoming, seen: Seen): Promise<Reply> {
  try {
    const { method, path } = incoming;
    const match = deps.match(method, path) ?? deps.matchOther(method, path);
    if (match === undefined) return notFound();
    seen.route = match.route;
    const authorization = incoming.headers.get('authorization');
    if (match.access.kind !== 'anyone')
      seen.user = await deps.authenticator.authorize(authorization, match.access, deps.originOf(incoming.headers));
    if (match.writes && deps.readOnly)
      throw new RegistryError('UNSUPPORTED', 'the registry is read-only (storage.maintenance.readonly or proxy)');
    const may = async (access: Access): Promise<boolean> => await mayAlso(deps, incoming, access);
    return await match.run({ ...incoming, may });
  } catch (error) {
    seen.error = error;
    return errorReply(error);
  }
}

async function mayAlso(
  { authenticator, originOf }: HandlerDeps,
  { headers }: Incoming,
  access: Access,
): Promise<boolean> {
  try {
    await authenticator.authorize(headers.get('authorization'), access, originOf(headers));
    return true;
  } catch (error) {
    if (error instanceof RegistryError) return false;
    throw error;
  }
}

function notFound(): Reply {
  return text(404, '404 page not found\n', 'text/plain; charset=utf-8');
}

/** What is not ours to tell stays in the log. */
export function errorReply(error: unknown): Reply {
  const known = error instanceof RegistryError ? error : unexpected(error);
  return text(known.status, formatErrorBody([known]), 'application/json', known.headers);
}

function unexpected(error: unknown): RegistryError {
  if (['ENOSPC', 'EDQUOT'].includes(errnoOf(error) ?? ''))
    return new RegistryError('UNAVAILABLE', 'the storage of the registry is full', { status: 507, cause: error });
  return new RegistryError('UNKNOWN', 'unknown error', { cause: error });
}

function withHeaders(deps: HandlerDeps, { path }: Incoming, reply: Reply): Reply {
  const version: Readonly<Record<string, string>> = path.startsWith('/v2')
    ? { 'Docker-Distribution-Api-Version': 'registry/2.0' }
    : {};
  const length: Readonly<Record<string, string>> =
    reply.body === undefined && reply.status !== 304 && reply.status !== 204 ? { 'Content-Length': '0' } : {};
  return { ...reply, headers: { ...deps.headers, ...version, ...length, ...reply.headers } };
}

function record(deps: HandlerDeps, incoming: Incoming, reply: Reply, seen: Seen, tookMs: number): void {
  const { route } = seen;
  const method = METHODS.has(incoming.method) ? incoming.method : 'other';
  deps.metrics.count('registry_http_requests_total', { route, method, status: String(reply.status) });
  deps.metrics.observe('registry_http_request_duration_seconds', { route, method }, tookMs / 1000);
  const bytes = method === 'HEAD' ? 0 : sizeOf(reply);
  if (bytes > 0) deps.metrics.count('registry_http_response_bytes_total', { route }, bytes);
  if (!deps.accessLog && reply.status < 500) return;
  const fields = {
    'http.request.id': randomUUID(),
    'http.request.method': incoming.method,
    'http.request.uri': incoming.path.slice(0, 1000),
    'http.request.remoteaddr': incoming.remote,
    'http.request.useragent': incoming.headers.get('user-agent')?.slice(0, 200),
    'http.response.status': reply.status,
    'http.response.written': bytes,
    'http.response.duration': `${tookMs.toFixed(1)}ms`,
    'auth.user.name': seen.user,
    'err.code': seen.error instanceof RegistryError ? seen.error.code : undefined,
  };
  if (reply.status >= 500)
    deps.log.error('response completed with error', { ...fields, 'err.message': messageOf(seen.error) });
  else deps.log.info('response completed', fields);
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);

function sizeOf({ body, headers }: Reply): number {
  if (body?.kind === 'bytes') return body.bytes.length;
  return Number(headers['Content-Length'] ?? 0);
}
