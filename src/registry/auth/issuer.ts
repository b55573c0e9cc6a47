import { generateKeyPairSync, sign } from 'node:crypto';
import { type Call, json, type Reply } from '../call.ts';
import { RegistryError } from '../registry-error.ts';
import type { Match } from '../routes/route.ts';
import type { Authenticator } from './authenticator.ts';
import { type CheckUser, parseBasic, quote } from './htpasswd.ts';
import { libtrustId } from './jwt.ts';
import { createTokenAuthenticator } from './token.ts';

/** Where the registry is its own token server. */
export const TOKEN_PATH = '/token';

export interface IssuerDeps {
  readonly realm: string;
  readonly isUser: CheckUser;
  readonly now: () => number;
}

/** Checks tokens of its own, and gives them out. */
export interface Issuer {
  readonly authenticator: Authenticator;
  readonly match: (method: string, path: string) => Match | undefined;
}

const LIFETIME_SECONDS = 300;
const NAME = 'skiff registry';

/**
 * htpasswd with anonymous reading. docker sends no request without credentials where Basic is asked for, so reading without any needs
 * tokens: nobody in particular is given one for pulling, a user one for everything. Basic itself is taken as well. The key is made anew
 * with each start; clients then ask for a new token.
 */
export function createIssuer({ realm, isUser, now }: IssuerDeps): Issuer {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const kid = libtrustId(publicKey);
  const keys = { named: new Map([[kid, publicKey]]), all: [], roots: [] };
  const bearer = createTokenAuthenticator({
    realm: TOKEN_PATH,
    service: realm,
    issuer: NAME,
    keys,
    anonymousRead: true,
    now,
  });

  async function userOf(authorization: string | null): Promise<string | undefined> {
    if (authorization === null) return undefined;
    const credentials = parseBasic(authorization);
    if (credentials && (await isUser(credentials.name, credentials.password))) return credentials.name;
    throw new RegistryError('UNAUTHORIZED', 'authentication required', {
      headers: { 'WWW-Authenticate': `Basic realm=${quote(realm)}` },
    });
  }

  function issue(user: string | undefined, scopes: readonly string[]): string {
    const seconds = Math.floor(now() / 1000);
    const claims = {
      iss: NAME,
      aud: realm,
      sub: user ?? '',
      iat: seconds,
      nbf: seconds,
      exp: seconds + LIFETIME_SECONDS,
    };
    const payload = { ...claims, access: scopes.flatMap((scope) => grant(scope, user !== undefined)) };
    const data = [{ typ: 'JWT', alg: 'ES256', kid }, payload].map(encode).join('.');
    return `${data}.${sign('sha256', Buffer.from(data), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  }

  async function answer(call: Call): Promise<Reply> {
    const user = await userOf(call.headers.get('authorization'));
    const scopes = call.query.getAll('scope').flatMap((text) => text.split(' '));
    const token = issue(user, scopes.slice(0, MAX_SCOPES));
    const issued = {
      token,
      access_token: token,
      expires_in: LIFETIME_SECONDS,
      issued_at: new Date(now()).toISOString(),
    };
    return json(200, issued, { 'Cache-Control': 'no-store' });
  }

  return {
    authenticator: {
      async authorize(authorization, access, origin) {
        if (authorization !== null && parseBasic(authorization)) return await userOf(authorization);
        return await bearer.authorize(authorization, access, origin);
      },
    },
    match: (method, path) =>
      path === TOKEN_PATH && method === 'GET'
        ? { route: 'token', access: { kind: 'anyone' }, writes: false, run: answer }
        : undefined,
  };
}

const MAX_SCOPES = 100;

interface Grant {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/** `repository:team/app:pull,push`; nobody in particular is given less than asked for, as the token specification has it. */
function grant(scope: string, isUser: boolean): readonly Grant[] {
  const found = /^(repository|registry):([^:]+(?::\d+\/[^:]+)?):([a-z*,]+)$/.exec(scope);
  if (!found) return [];
  const [, type = '', name = '', actions = ''] = found;
  const asked = actions.split(',');
  const open = type === 'registry' ? ['*'] : ['pull'];
  return [{ type, name, actions: isUser ? asked : asked.filter((action) => open.includes(action)) }];
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
