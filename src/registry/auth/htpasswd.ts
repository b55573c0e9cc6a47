import { createHmac, randomBytes } from 'node:crypto';
import { KnownError } from '../../lib/errors.ts';
import { RegistryError } from '../registry-error.ts';
import { createLru } from '../storage/lru.ts';
import type { Authenticator } from './authenticator.ts';

export interface UsersDeps {
  /** The file's text; read anew when it has changed. */
  readonly read: () => Promise<string>;
  readonly verify: (password: string, hash: string) => Promise<boolean>;
}

/** Whether there is a user of this name with this password. */
export type CheckUser = (name: string, password: string) => Promise<boolean>;

/** Checked credentials are remembered this many at a time, as keyed hashes: bcrypt takes a good part of a second by design. */
const REMEMBERED = 1000;
/** Of no password: an unknown user takes as long as a wrong password. */
const NOBODY = '$2b$10$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234';

/** Users of a file as `htpasswd -B` writes it. */
export function createUsers({ read, verify }: UsersDeps): CheckUser {
  const key = randomBytes(32);
  const remembered = createLru<true>(REMEMBERED);
  return async (name, password) => {
    const hash = parseHtpasswd(await read()).get(name);
    const memo = createHmac('sha256', key)
      .update(JSON.stringify([name, password, hash]))
      .digest('hex');
    if (hash !== undefined && remembered.get(memo)) return true;
    const matches = await verify(password, hash ?? NOBODY);
    if (hash === undefined || !matches) return false;
    remembered.set(memo, true);
    return true;
  };
}

/** HTTP Basic. Every user may do everything, nobody else anything. */
export function createBasic({ realm, isUser }: { readonly realm: string; readonly isUser: CheckUser }): Authenticator {
  return {
    async authorize(authorization) {
      const credentials = parseBasic(authorization);
      if (credentials && (await isUser(credentials.name, credentials.password))) return credentials.name;
      throw new RegistryError('UNAUTHORIZED', 'authentication required', {
        headers: { 'WWW-Authenticate': `Basic realm=${quote(realm)}` },
      });
    },
  };
}

/** User -> bcrypt hash. Errors: invalid_parameter for a line that is not `user:$2...`. */
export function parseHtpasswd(text: string): ReadonlyMap<string, string> {
  const lines = text.split(/\r?\n/).map((line, index) => [line.trim(), index + 1] as const);
  return new Map(
    lines
      .filter(([line]) => line !== '' && !line.startsWith('#'))
      .map(([line, number]) => {
        const found = /^([^:]+):(\$2[aby]\$\d\d\$[./A-Za-z0-9]{53})$/.exec(line);
        if (!found)
          throw new KnownError(
            'invalid_parameter',
            `htpasswd: line ${number} is not a user with a bcrypt hash (htpasswd -B)`,
          );
        return [found[1] ?? '', found[2] ?? ''];
      }),
  );
}

/** RFC 7617. */
export function parseBasic(header: string | null): { readonly name: string; readonly password: string } | undefined {
  const found = /^basic +([A-Za-z0-9+/=]+)$/i.exec(header?.trim() ?? '');
  if (!found) return undefined;
  const text = Buffer.from(found[1] ?? '', 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon === -1 ? undefined : { name: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** As a quoted string of RFC 9110. */
export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&').replace(/[\r\n]/g, ' ')}"`;
}
