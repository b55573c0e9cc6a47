import { isKind } from '../lib/errors.ts';
import { createAuthorizer } from './authorizer.ts';
import { endpointOf } from './endpoint.ts';
import type { RegistryCredentials, RepositoryName } from './registry-client.ts';
import { parseRegistryError } from './registry-error.ts';
import type { Fetch } from './transport.ts';
import { readBody, send } from './transport.ts';

export interface GetDeps {
  readonly fetch: Fetch;
  readonly insecureRegistries: readonly string[];
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Sends a GET below the repository's registry, with authorization, and returns an answer whose status is 2xx. */
export type Get = (
  path: string,
  options: { readonly headers?: Readonly<Record<string, string>>; readonly signal: AbortSignal },
) => Promise<Response>;

const MAX_ERROR_BYTES = 64 << 10;
const ATTEMPTS = 4;

/** GETs of one repository, tried again after what passes by itself. */
export function createGet(deps: GetDeps, name: RepositoryName, credentials: RegistryCredentials): Get {
  return withRetries(deps, createAuthorizedGet(deps, name, credentials));
}

/** A GET that picks the registry's address at first use and answers one 401. */
function createAuthorizedGet(deps: GetDeps, name: RepositoryName, credentials: RegistryCredentials): Get {
  const endpoint = endpointOf(name, deps.insecureRegistries);
  const shared = { verifyTls: endpoint.verifyTls, allowHttp: !endpoint.verifyTls };
  const authorizer = createAuthorizer({ fetch: deps.fetch, ...shared }, name, credentials);
  let base: Promise<string> | undefined;
  return async (path, { headers, signal }) => {
    base ??= chooseBase(deps.fetch, endpoint.bases, shared, signal);
    const address = await base.catch((error: unknown) => {
      base = undefined;
      throw error;
    });
    for (let round = 0; ; round++) {
      const authorization = authorizer.current();
      const request = { url: address + path, verifyTls: shared.verifyTls, allowHttp: shared.allowHttp, signal };
      const response = await send(deps.fetch, {
        ...request,
        ...(headers ? { headers } : {}),
        ...(authorization === undefined ? {} : { authorization }),
      });
      if (response.ok) return response;
      const body = Buffer.from(await readBody(response, MAX_ERROR_BYTES)).toString();
      const again = response.status === 401 && round < 2 && (await authorizer.answer(response, authorization, signal));
      if (!again) throw parseRegistryError(response.status, body, request.url);
    }
  };
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
    await response.body?.cancel();
    return first;
  } catch (error) {
    if (!isKind(error, 'unavailable')) throw error;
    const response = await send(fetch, { url: `${second}/v2/`, ...shared, signal });
    await response.body?.cancel();
    return second;
  }
}

/** Tries again after what passes by itself: a server failure or a connection that broke, but not one that was refused. */
function withRetries(deps: GetDeps, get: Get): Get {
  return async (path, options) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await get(path, options);
      } catch (error) {
        if (attempt >= ATTEMPTS || !isTransient(error)) throw error;
        await deps.sleep(250 * 2 ** attempt, options.signal);
      }
    }
  };
}

function isTransient(error: unknown): boolean {
  if (!isKind(error, 'unavailable')) return false;
  if ('status' in error) return typeof error.status === 'number' && error.status >= 500;
  return !/connection refused|no such host|redirect|certificate|token/.test(error.message);
}
