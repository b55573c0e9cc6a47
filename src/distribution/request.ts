import { isKind, KnownError } from '../lib/errors.ts';
import type { Authorizer } from './authorizer.ts';
import { createAuthorizer } from './authorizer.ts';
import { endpointOf, hostOf } from './endpoint.ts';
import type { KnownHost, KnownHosts } from './known-host.ts';
import { endpointFor, fetchFor, pathOn } from './known-host.ts';
import { shortWaitMs } from './rate-limit.ts';
import type { RegistryCredentials, RepositoryName } from './registry-client.ts';
import { parseRegistryError, RegistryError, refusalOf } from './registry-error.ts';
import type { RegistryHost } from './registry-hosts.ts';
import type { Fetch, Method, RequestBody } from './transport.ts';
import { discard, readBody, send } from './transport.ts';

export interface RequestDeps {
  readonly fetch: Fetch;
  /** Mirrors and settings of a registry; absent: none. Errors: invalid_parameter for a broken configuration. */
  readonly hosts?: (registry: string) => KnownHosts;
  readonly insecureRegistries: readonly string[];
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface RegistryRequest {
  readonly method?: Method;
  /** Below the registry (`/v2/...`), or a full address as a `Location` gives. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
  /** Statuses other than 2xx that the caller deals with; others are errors. */
  readonly accept?: readonly number[];
  /** Token scopes that this request needs besides those of the repository. */
  readonly scopes?: readonly string[];
  /** False: a failure is the caller's to deal with. Default: tried again after what passes by itself. */
  readonly retried?: boolean;
  readonly signal: AbortSignal;
}

/** Sends a request to the repository's registry, with authorization, and returns an answer whose status is 2xx or accepted. */
export type SendRequest = (request: RegistryRequest) => Promise<Response>;

const MAX_ERROR_BYTES = 64 << 10;
const ATTEMPTS = 4;

/** Requests for one repository. `push`: tokens are asked for with the right to push from the start. */
export function createSendRequest(
  deps: RequestDeps,
  name: RepositoryName,
  credentials: RegistryCredentials,
  push: boolean,
): SendRequest {
  const scopes = [`repository:${name.path}:pull${push ? ',push' : ''}`];
  const own = createAuthorizedSend(deps, name, credentials, scopes);
  const once = push ? toPushHost(deps, name, credentials, scopes, own) : mirrorsFirst(deps, name, scopes, own);
  return (request) =>
    request.retried === false ? once(request) : withRetries(deps, () => once(request), request.signal);
}

/**
 * Asks the mirrors in order before the registry itself. Whatever a mirror answers but success leads to the next; the error that
 * counts is the registry's. Credentials are the registry's own: mirrors get none.
 */
function mirrorsFirst(
  deps: RequestDeps,
  name: RepositoryName,
  scopes: readonly string[],
  own: SendRequest,
): SendRequest {
  const { fetch, insecureRegistries } = deps;
  let mirrors: readonly { readonly host: RegistryHost; readonly send: SendRequest }[] | undefined;
  return async (request) => {
    mirrors ??= (deps.hosts?.(name.registry).mirrors ?? []).map(({ host, tls }) => ({
      host,
      send: createHostSend({ fetch, insecureRegistries }, name, {}, scopes, { host, tls }),
    }));
    const wanted = /\/manifests\/[^/:]+$/.test(request.path) ? 'resolve' : 'pull';
    let refused: KnownError | undefined;
    for (const { host, send } of mirrors) {
      if (!host.capabilities.includes(wanted) || !request.path.startsWith('/')) continue;
      try {
        return await send(request);
      } catch (error) {
        if (request.signal.aborted || !(error instanceof KnownError)) throw error;
        refused = error;
      }
    }
    const server = deps.hosts?.(name.registry).server?.host;
    if (server && !server.capabilities.includes(wanted))
      throw refused ?? new KnownError('unavailable', `no host that is configured for ${name.registry} may ${wanted}`);
    return await own(request);
  };
}

/**
 * Pushes go to the first host that is configured with this capability, else to the registry itself. Credentials are the registry's: only a
 * host of its name gets them.
 */
function toPushHost(
  deps: RequestDeps,
  name: RepositoryName,
  credentials: RegistryCredentials,
  scopes: readonly string[],
  own: SendRequest,
): SendRequest {
  const choose = (): SendRequest => {
    const known = deps.hosts?.(name.registry).mirrors.find(({ host }) => host.capabilities.includes('push'));
    if (known === undefined) return own;
    const trusted = new URL(known.host.base).host === hostOf(name.registry) ? credentials : {};
    return createHostSend(deps, name, trusted, scopes, known);
  };
  let chosen: SendRequest | undefined;
  return async (request) => await (chosen ??= choose())(request);
}

/** The registry itself: by its settings when it has some, else by Docker's rules. */
export function createAuthorizedSend(
  deps: Pick<RequestDeps, 'fetch' | 'insecureRegistries' | 'hosts'>,
  name: RepositoryName,
  credentials: RegistryCredentials,
  scopes: readonly string[],
  onRefreshToken?: (token: string) => void,
): SendRequest {
  let chosen: SendRequest | undefined;
  return async (request) => {
    chosen ??= createHostSend(deps, name, credentials, scopes, deps.hosts?.(name.registry).server, onRefreshToken);
    return await chosen(request);
  };
}

/** Picks the address at first use and answers a 401. */
function createHostSend(
  given: Pick<RequestDeps, 'fetch' | 'insecureRegistries'>,
  name: RepositoryName,
  credentials: RegistryCredentials,
  scopes: readonly string[],
  known: KnownHost | undefined,
  onRefreshToken?: (token: string) => void,
): SendRequest {
  const deps = { ...given, fetch: known ? fetchFor(given.fetch, known) : given.fetch };
  const endpoint = known ? endpointFor(known.host) : endpointOf(name, deps.insecureRegistries);
  const placed = (path: string): string => (known ? pathOn(known.host, path, name.registry) : path);
  const shared = { verifyTls: endpoint.verifyTls, allowHttp: endpoint.allowHttp };
  const authorizer = createAuthorizer(
    { fetch: deps.fetch, ...shared, scopes, ...(onRefreshToken ? { onRefreshToken } : {}) },
    credentials,
  );
  let base: Promise<string> | undefined;
  return async (request) => {
    base ??= chooseBase(deps.fetch, endpoint.bases, shared, request.signal);
    const address = await base.catch((error: unknown) => {
      base = undefined;
      throw error;
    });
    const there = { ...request, path: placed(request.path) };
    return await sendAuthorized(deps.fetch, { address, ...shared, authorizer }, there);
  };
}

interface Target {
  readonly address: string;
  readonly verifyTls: boolean;
  readonly allowHttp: boolean;
  readonly authorizer: Authorizer;
}

async function sendAuthorized(fetch: Fetch, target: Target, request: RegistryRequest): Promise<Response> {
  const { verifyTls, allowHttp, authorizer } = target;
  const { method = 'GET', headers, body, signal } = request;
  const url = addressOf(target, request.path);
  const own = new URL(url).origin === new URL(target.address).origin;
  for (let round = 0; ; round++) {
    const authorization = own ? authorizer.current() : undefined;
    const response = await send(fetch, {
      url,
      method,
      verifyTls,
      allowHttp,
      signal,
      ...(headers ? { headers } : {}),
      ...(body === undefined ? {} : { body }),
      ...(authorization === undefined ? {} : { authorization }),
    });
    if (response.ok || request.accept?.includes(response.status)) return response;
    const text = Buffer.from(await readBody(response, MAX_ERROR_BYTES)).toString();
    const again =
      own &&
      response.status === 401 &&
      round < 2 &&
      (await authorizer.answer(response, authorization, signal, request.scopes));
    if (again) continue;
    const refusal = response.status === 401 ? refusalOf(response, authorization !== undefined) : undefined;
    throw refusal ?? parseRegistryError(response, text, url, method);
  }
}

/** A registry behind a proxy may name itself by http although it was reached by https: its uploads stay on https. */
function addressOf({ address, allowHttp }: Target, path: string): string {
  const url = new URL(path, address);
  if (url.protocol === 'http:' && !allowHttp && url.hostname === new URL(address).hostname) {
    return new URL(`${url.pathname}${url.search}`, address).href;
  }
  return url.href;
}

/** A registry with one address needs no probe. An insecure one answers by https or, when that fails to connect, by http. */
async function chooseBase(
  fetch: Fetch,
  bases: readonly string[],
  shared: { readonly verifyTls: boolean; readonly allowHttp: boolean },
  signal: AbortSignal,
): Promise<string> {
  const [first, second] = bases;
  if (first === undefined || second === undefined) return first ?? '';
  try {
    const response = await send(fetch, { url: `${first}/v2/`, ...shared, signal });
    await discard(response);
    return first;
  } catch (error) {
    if (!isKind(error, 'unavailable')) throw error;
    const response = await send(fetch, { url: `${second}/v2/`, ...shared, signal });
    await discard(response);
    return second;
  }
}

/**
 * Tries again after what passes by itself: a server failure or a connection that broke, but not one that was refused; and after a
 * limit that the registry lifts soon. Work that reads the answer too sends its request with `retried: false`.
 */
export async function withRetries<T>(
  deps: Pick<RequestDeps, 'sleep'>,
  once: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await once();
    } catch (error) {
      const waitMs = isTransient(error) ? 250 * 2 ** attempt : limitWaitMs(error);
      if (attempt >= ATTEMPTS || waitMs === undefined) throw error;
      await deps.sleep(waitMs, signal);
    }
  }
}

/** How long to wait for a limit of requests; undefined: too long, or it is none. */
export function limitWaitMs(error: unknown): number | undefined {
  return error instanceof RegistryError && error.status === 429 ? shortWaitMs(error.waitMs) : undefined;
}

/** True for what may be gone when tried again: a server failure, a connection that broke, too many requests not included. */
export function isTransient(error: unknown): boolean {
  if (!isKind(error, 'unavailable')) return false;
  if ('status' in error) return typeof error.status === 'number' && error.status >= 500;
  return !/connection refused|no such host|certificate|HTTPS client|TLS handshake/.test(error.message);
}
