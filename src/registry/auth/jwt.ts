import { createHash, createPublicKey, type KeyObject, verify, X509Certificate } from 'node:crypto';
import { KnownError } from '../../lib/errors.ts';

/** Keys whose signatures count, and certificates whose holders' signatures count. */
export interface TrustedKeys {
  /** By every name a token may use for it: `kid` of the JWKS, RFC 7638 thumbprint, libtrust fingerprint. */
  readonly named: ReadonlyMap<string, KeyObject>;
  readonly all: readonly KeyObject[];
  readonly roots: readonly X509Certificate[];
}

/** Claims of a token whose signature is right; nothing else about them has been looked at. */
export interface Claims {
  readonly [name: string]: unknown;
}

interface Header {
  readonly alg: string;
  readonly kid: string | undefined;
  readonly x5c: readonly string[];
}

/** RFC 7518: the algorithm of the key, the hash, and how an elliptic curve's two numbers are written. */
const ALGORITHMS: Readonly<
  Record<string, { readonly key: string; readonly hash: string | null; readonly pss?: true }>
> = {
  RS256: { key: 'rsa', hash: 'sha256' },
  RS384: { key: 'rsa', hash: 'sha384' },
  RS512: { key: 'rsa', hash: 'sha512' },
  PS256: { key: 'rsa', hash: 'sha256', pss: true },
  PS384: { key: 'rsa', hash: 'sha384', pss: true },
  PS512: { key: 'rsa', hash: 'sha512', pss: true },
  ES256: { key: 'ec', hash: 'sha256' },
  ES384: { key: 'ec', hash: 'sha384' },
  ES512: { key: 'ec', hash: 'sha512' },
  EdDSA: { key: 'ed25519', hash: null },
};
const MAX_TOKEN_CHARS = 64 * 1024;
const RSA_PKCS1_PSS_PADDING = 6;

/** The claims of a compact JWS signed by a trusted key; undefined for anything else. */
export function verifyJwt(token: string, keys: TrustedKeys): Claims | undefined {
  const parts = token.split('.');
  const [head = '', body = '', signature = ''] = parts;
  if (parts.length !== 3 || token.length > MAX_TOKEN_CHARS) return undefined;
  const header = parseHeader(head);
  if (header === undefined) return undefined;
  const data = Buffer.from(`${head}.${body}`);
  const bytes = Buffer.from(signature, 'base64url');
  if (!candidates(header, keys).some((key) => isSigned(header.alg, key, data, bytes))) return undefined;
  return parseJson(body);
}

function parseHeader(head: string): Header | undefined {
  const fields = parseJson(head);
  const { alg, kid, x5c, crit } = fields ?? {};
  if (typeof alg !== 'string' || !Object.hasOwn(ALGORITHMS, alg) || crit !== undefined) return undefined;
  const chain = Array.isArray(x5c) ? x5c.filter((one): one is string => typeof one === 'string') : [];
  return { alg, kid: typeof kid === 'string' ? kid : undefined, x5c: chain };
}

function candidates({ kid, x5c }: Header, keys: TrustedKeys): readonly KeyObject[] {
  if (x5c.length > 0) {
    const key = keyOfChain(x5c, keys.roots);
    return key ? [key] : [];
  }
  if (kid === undefined) return keys.all;
  const named = keys.named.get(kid);
  return named ? [named] : [];
}

function isSigned(alg: string, key: KeyObject, data: Buffer, signature: Buffer): boolean {
  const wanted = ALGORITHMS[alg];
  if (wanted === undefined || key.asymmetricKeyType !== wanted.key) return false;
  const options = {
    key,
    dsaEncoding: 'ieee-p1363',
    ...(wanted.pss ? { padding: RSA_PKCS1_PSS_PADDING } : {}),
  } as const;
  try {
    return verify(wanted.hash, data, options, signature);
  } catch {
    return false;
  }
}

/** The key of the first certificate when each is signed by the next and the last by a root, all in their time. */
function keyOfChain(x5c: readonly string[], roots: readonly X509Certificate[]): KeyObject | undefined {
  try {
    const chain = x5c.slice(0, 8).map((text) => new X509Certificate(Buffer.from(text, 'base64')));
    const now = Date.now();
    const [leaf] = chain;
    const linked = chain.every((one, index) => {
      const next = chain[index + 1];
      const issuers = next ? [next, ...roots] : roots;
      return (
        isInTime(one, now) &&
        (isRoot(one, roots) || issuers.some((issuer) => one.checkIssued(issuer) && one.verify(issuer.publicKey)))
      );
    });
    return linked ? leaf?.publicKey : undefined;
  } catch {
    return undefined;
  }
}

function isInTime({ validFrom, validTo }: X509Certificate, now: number): boolean {
  return Date.parse(validFrom) <= now && now <= Date.parse(validTo);
}

function isRoot(certificate: X509Certificate, roots: readonly X509Certificate[]): boolean {
  return roots.some((root) => root.raw.equals(certificate.raw));
}

/** Keys from PEM certificates (`rootcertbundle`) and a JWKS document (`jwks`). Errors: invalid_parameter. */
export function parseTrustedKeys(sources: { readonly pem?: string; readonly jwks?: string }): TrustedKeys {
  const pem = sources.pem ?? '';
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  const roots = blocks.map((block) => new X509Certificate(block));
  const named = new Map<string, KeyObject>();
  const all = roots.map(({ publicKey }) => publicKey);
  if (sources.jwks !== undefined) {
    for (const [kid, key] of parseJwks(sources.jwks)) {
      all.push(key);
      if (kid !== undefined) named.set(kid, key);
    }
  }
  for (const key of all) for (const name of [thumbprint(key), libtrustId(key)]) named.set(name, key);
  if (all.length === 0)
    throw new KnownError('invalid_parameter', 'token authentication: there are no certificates and no keys');
  return { named, all, roots };
}

function parseJwks(text: string): readonly (readonly [string | undefined, KeyObject])[] {
  try {
    const { keys } = JSON.parse(text) as { keys: readonly { readonly kid?: string }[] };
    return keys.map((jwk) => [jwk.kid, createPublicKey({ key: jwk as never, format: 'jwk' })]);
  } catch (error) {
    throw new KnownError('invalid_parameter', 'token authentication: the JWKS cannot be read', { cause: error });
  }
}

/** RFC 7638. */
function thumbprint(key: KeyObject): string {
  const jwk = key.export({ format: 'jwk' });
  const members = ['crv', 'e', 'kty', 'n', 'x', 'y'].filter((name) => name in jwk);
  const text = JSON.stringify(Object.fromEntries(members.map((name) => [name, jwk[name as keyof typeof jwk]])));
  return createHash('sha256').update(text).digest('base64url');
}

/** The key id of libtrust: 240 bits of the SHA-256 of the key in DER, base32 in twelve groups of four. */
export function libtrustId(key: KeyObject): string {
  const hash = createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
    .subarray(0, 30);
  const bits = [...hash].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const letters = (bits.match(/.{5}/g) ?? [])
    .map((five) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number.parseInt(five, 2)])
    .join('');
  return (letters.match(/.{4}/g) ?? []).join(':');
}

function parseJson(part: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Claims) : undefined;
  } catch {
    return undefined;
  }
}
