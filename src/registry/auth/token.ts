import type { Access } from '../call.ts';
import { RegistryError } from '../registry-error.ts';
import { type Authenticator, isRead } from './authenticator.ts';
import { quote } from './htpasswd.ts';
import { type Claims, type TrustedKeys, verifyJwt } from './jwt.ts';

export interface TokenDeps {
  /** URL of the token server; one that begins with a slash is at the registry itself. */
  readonly realm: string;
  readonly service: string;
  readonly issuer: string;
  readonly keys: TrustedKeys;
  readonly anonymousRead: boolean;
  readonly now: () => number;
}

/** Bearer tokens of a token server (CNCF registry, "Token Authentication Specification"). */
export function createTokenAuthenticator(deps: TokenDeps): Authenticator {
  return {
    async authorize(authorization, access, origin) {
      if (authorization === null) {
        if (deps.anonymousRead && isRead(access)) return undefined;
        throw challenge(deps, access, origin, undefined);
      }
      const token = /^bearer +(\S+)$/i.exec(authorization.trim())?.[1];
      const claims = token && verifyJwt(token, deps.keys);
      if (!claims || !isValid(claims, deps)) throw challenge(deps, access, origin, 'invalid_token');
      if (!grants(claims, access)) throw challenge(deps, access, origin, 'insufficient_scope');
      return typeof claims.sub === 'string' && claims.sub !== '' ? claims.sub : undefined;
    },
  };
}

/** Clocks may differ by this much. */
const LEEWAY_SECONDS = 60;

function isValid(claims: Claims, { issuer, service, now }: TokenDeps): boolean {
  const seconds = now() / 1000;
  const audience = typeof claims.aud === 'string' ? [claims.aud] : Array.isArray(claims.aud) ? claims.aud : [];
  const [expires, from] = [claims.exp, claims.nbf];
  return (
    claims.iss === issuer &&
    audience.includes(service) &&
    typeof expires === 'number' &&
    seconds <= expires + LEEWAY_SECONDS &&
    (from === undefined || (typeof from === 'number' && seconds >= from - LEEWAY_SECONDS))
  );
}

function grants(claims: Claims, access: Access): boolean {
  if (access.kind === 'none' || access.kind === 'anyone') return true;
  const wanted =
    access.kind === 'catalog'
      ? { type: 'registry', name: 'catalog', actions: ['*'] }
      : { type: 'repository', name: access.name, actions: access.actions };
  const granted = (Array.isArray(claims.access) ? claims.access : [])
    .filter(isGrant)
    .filter(({ type, name }) => type.replace(/\(.*\)$/, '') === wanted.type && name === wanted.name)
    .flatMap(({ actions }) => actions);
  return wanted.actions.every((action) => granted.includes(action) || granted.includes('*'));
}

interface Grant {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

function isGrant(value: unknown): value is Grant {
  if (typeof value !== 'object' || value === null) return false;
  const { type, name, actions } = value as Record<string, unknown>;
  return typeof type === 'string' && typeof name === 'string' && Array.isArray(actions);
}

function challenge(deps: TokenDeps, access: Access, origin: string, error: string | undefined): RegistryError {
  const realm = deps.realm.startsWith('/') ? `${origin}${deps.realm}` : deps.realm;
  const { service } = deps;
  const words = [`realm=${quote(realm)}`, `service=${quote(service)}`];
  if (access.kind === 'repository')
    words.push(`scope=${quote(`repository:${access.name}:${access.actions.join(',')}`)}`);
  if (access.kind === 'catalog') words.push('scope="registry:catalog:*"');
  if (error) words.push(`error=${quote(error)}`);
  return new RegistryError('UNAUTHORIZED', 'authentication required', {
    headers: { 'WWW-Authenticate': `Bearer ${words.join(',')}` },
  });
}
