import { KnownError } from '../lib/errors.ts';
import type { Challenge } from './challenge.ts';
import { parseChallenges } from './challenge.ts';
import type { RegistryCredentials } from './registry-client.ts';
import { parseRegistryError } from './registry-error.ts';
import type { Fetch } from './transport.ts';
import { readBody, send } from './transport.ts';

/**
 * Finds out what a registry wants in `Authorization` and keeps it: nothing, Basic, or a Bearer token from the registry's
 * token service (docs of the Docker registry, "Token authentication", and its OAuth2 variant for identity tokens).
 */
export interface Authorizer {
  /** The header to send now; undefined: none. */
  current(): string | undefined;
  /** Answers a 401. `scopes` are wanted besides what was asked for so far. False when there is nothing (new) to offer. Errors: those of the token service. */
  answer(
    response: Response,
    tried: string | undefined,
    signal: AbortSignal,
    scopes?: readonly string[],
  ): Promise<boolean>;
}

interface AuthorizerDeps {
  readonly fetch: Fetch;
  readonly verifyTls: boolean;
  readonly allowHttp: boolean;
  /** What the work needs from the start (`repository:x:pull,push`); a registry's challenge adds to it. */
  readonly scopes: readonly string[];
  /** Asks for a refresh token too and gets it, when the service gives one. */
  readonly onRefreshToken?: (token: string) => void;
}

const MAX_TOKEN_BYTES = 1 << 20;

export function createAuthorizer(deps: AuthorizerDeps, credentials: RegistryCredentials): Authorizer {
  const wanted = new Set(deps.scopes);
  let header = credentials.registrytoken ? `Bearer ${credentials.registrytoken}` : undefined;
  let pending: Promise<string | undefined> | undefined;
  return {
    current: () => header,
    async answer(response, tried, signal, scopes = []) {
      // Another request of this repository may have got a newer token meanwhile.
      if (tried !== header) return true;
      const challenges = parseChallenges(response.headers.get('www-authenticate'));
      for (const scope of [...scopesOf(challenges), ...scopes]) wanted.add(scope);
      pending ??= obtain(deps, challenges, [...wanted], credentials, signal).finally(() => (pending = undefined));
      const obtained = await pending;
      if (obtained === undefined || obtained === tried) return false;
      header = obtained;
      return true;
    },
  };
}

/** Only what concerns repositories: a hostile registry must not get a token for more (`registry:catalog:*`). */
function scopesOf(challenges: readonly Challenge[]): readonly string[] {
  const texts = challenges.flatMap(({ parameters }) => (parameters.get('scope') ?? '').split(' '));
  return texts.filter((scope) => scope.startsWith('repository:'));
}

async function obtain(
  deps: AuthorizerDeps,
  challenges: readonly Challenge[],
  scopes: readonly string[],
  credentials: RegistryCredentials,
  signal: AbortSignal,
): Promise<string | undefined> {
  const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
  if (bearer) return `Bearer ${await fetchToken(deps, bearer, scopes, credentials, signal)}`;
  const basic = challenges.some(({ scheme }) => scheme === 'basic');
  return basic ? basicHeader(credentials) : undefined;
}

function basicHeader({ username, password }: RegistryCredentials): string | undefined {
  if (!username) return undefined;
  return `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`;
}

async function fetchToken(
  deps: AuthorizerDeps,
  challenge: Challenge,
  scopes: readonly string[],
  credentials: RegistryCredentials,
  signal: AbortSignal,
): Promise<string> {
  const realm = parseRealm(challenge.parameters.get('realm'), deps.allowHttp);
  const service = challenge.parameters.get('service') ?? '';
  const response = await send(deps.fetch, {
    ...(credentials.identitytoken
      ? refreshRequest(realm, service, scopes, credentials.identitytoken)
      : tokenRequest(realm, service, scopes, credentials, deps.onRefreshToken !== undefined)),
    verifyTls: deps.verifyTls,
    allowHttp: deps.allowHttp,
    signal,
  });
  const body = Buffer.from(await readBody(response, MAX_TOKEN_BYTES)).toString();
  if (!response.ok) throw tokenError(response, body, realm);
  const { token, refreshToken } = parseToken(body);
  if (refreshToken !== undefined) deps.onRefreshToken?.(refreshToken);
  return token;
}

function parseRealm(realm: string | undefined, allowHttp: boolean): URL {
  const url = URL.parse(realm ?? '');
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && allowHttp)) return url;
  throw new KnownError(
    'system',
    `invalid token service address in the registry's answer: ${(realm ?? 'none').slice(0, 200)}`,
  );
}

function tokenRequest(
  realm: URL,
  service: string,
  scopes: readonly string[],
  credentials: RegistryCredentials,
  offline: boolean,
) {
  const url = new URL(realm);
  if (service) url.searchParams.set('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  if (credentials.username) url.searchParams.set('account', credentials.username);
  if (offline) url.searchParams.set('offline_token', 'true');
  if (offline) url.searchParams.set('client_id', 'skiff');
  const authorization = basicHeader(credentials);
  return authorization === undefined ? { url: url.href } : { url: url.href, authorization };
}

function refreshRequest(realm: URL, service: string, scopes: readonly string[], token: string) {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    service,
    scope: scopes.join(' '),
    client_id: 'skiff',
    refresh_token: token,
  });
  return {
    url: realm.href,
    method: 'POST' as const,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: form.toString(),
  };
}

function tokenError(response: Response, body: string, realm: URL): KnownError {
  if (response.status === 401) return new KnownError('unauthorized', 'unauthorized: incorrect username or password');
  return parseRegistryError(response, body, realm.href);
}

function parseToken(body: string): { readonly token: string; readonly refreshToken: string | undefined } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch (error) {
    throw new KnownError('system', 'the token service did not answer with JSON', { cause: error });
  }
  const fields =
    typeof parsed === 'object' && parsed !== null
      ? new Map<string, unknown>(Object.entries(parsed))
      : new Map<string, unknown>();
  const token = fields.get('token') || fields.get('access_token');
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token))
    throw new KnownError('system', 'authorization server did not include a token in the response');
  const refreshToken = fields.get('refresh_token');
  return { token, refreshToken: typeof refreshToken === 'string' && refreshToken !== '' ? refreshToken : undefined };
}
