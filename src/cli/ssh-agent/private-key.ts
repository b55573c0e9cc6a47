import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { KnownError } from '../../lib/errors.ts';
import { createSshReader, type SshReader, sshInteger, sshString } from './wire.ts';

/** A key that an agent holds. */
export interface SshKey {
  /** The public key as SSH writes it (RFC 4253, section 6.6). */
  readonly publicKey: Buffer;
  /** Of `data`, as SSH writes it. `flags` choose the hash of RSA: 2 is SHA-256, 4 SHA-512 (draft-miller-ssh-agent, section 4.5.1), 0 SHA-1. */
  sign(data: Uint8Array, flags: number): Buffer;
}

/** OpenSSH's own format, or PEM (PKCS #1, SEC 1, PKCS #8). Errors: invalid_parameter, in the words of Go's ssh package where it has some. */
export function parsePrivateKey(text: string): SshKey {
  const [, label = '', body = ''] = /-----BEGIN ([A-Z ]+)-----([\s\S]*?)-----END \1-----/.exec(text) ?? [];
  if (label === '') throw invalid('ssh: no key found');
  if (label === 'OPENSSH PRIVATE KEY') return keyOf(parseOpenSsh(Buffer.from(body, 'base64')));
  if (label === 'ENCRYPTED PRIVATE KEY' || /^Proc-Type:.*ENCRYPTED/m.test(body)) throw encrypted();
  if (!['RSA PRIVATE KEY', 'EC PRIVATE KEY', 'PRIVATE KEY'].includes(label))
    throw invalid(`ssh: unsupported key type ${JSON.stringify(label)}`);
  try {
    return keyOf(createPrivateKey(text));
  } catch (error) {
    throw error instanceof KnownError ? error : invalid('ssh: the key cannot be read', error);
  }
}

const MAGIC = 'openssh-key-v1\0';

/** openssh-portable, PROTOCOL.key. */
function parseOpenSsh(bytes: Buffer): KeyObject {
  if (bytes.subarray(0, MAGIC.length).toString('latin1') !== MAGIC)
    throw invalid('ssh: invalid openssh private key format');
  const reader = createSshReader(bytes.subarray(MAGIC.length));
  const [cipher, derivation] = [reader.text(), reader.text()];
  reader.string();
  if (reader.uint32() !== 1) throw invalid('ssh: a file with several keys is not supported');
  reader.string();
  if (cipher !== 'none' || derivation !== 'none') throw encrypted();
  const secret = createSshReader(reader.string());
  if (secret.uint32() !== secret.uint32()) throw invalid('ssh: malformed OpenSSH key');
  try {
    return createPrivateKey({ key: readJwk(secret.text(), secret), format: 'jwk' });
  } catch (error) {
    throw error instanceof KnownError ? error : invalid('ssh: malformed OpenSSH key', error);
  }
}

const CURVES: Readonly<Record<string, { readonly crv: string; readonly bytes: number; readonly hash: string }>> = {
  nistp256: { crv: 'P-256', bytes: 32, hash: 'sha256' },
  nistp384: { crv: 'P-384', bytes: 48, hash: 'sha384' },
  nistp521: { crv: 'P-521', bytes: 66, hash: 'sha512' },
};

type Jwk = Readonly<Record<string, string>>;

function readJwk(type: string, secret: SshReader): Jwk {
  const base64 = (bytes: Buffer): string => bytes.toString('base64url');
  if (type === 'ssh-ed25519') {
    const x = secret.string();
    return { kty: 'OKP', crv: 'Ed25519', x: base64(x), d: base64(secret.string().subarray(0, 32)) };
  }
  if (type === 'ssh-rsa') {
    const [n, e, d, qi, p, q] = Array.from({ length: 6 }, () => secret.integer());
    if (!n || !e || !d || !qi || !p || !q) throw invalid('ssh: malformed OpenSSH key');
    const rest = { dp: exponent(d, p), dq: exponent(d, q) };
    const parts = Object.entries({ n, e, d, p, q, qi, ...rest });
    return { kty: 'RSA', ...Object.fromEntries(parts.map(([name, bytes]) => [name, base64(bytes)])) };
  }
  const curve = type.startsWith('ecdsa-sha2-') ? CURVES[type.slice('ecdsa-sha2-'.length)] : undefined;
  if (curve === undefined) throw invalid(`ssh: unhandled key type ${JSON.stringify(type)}`);
  secret.string();
  const point = secret.string();
  const padded = Buffer.concat([Buffer.alloc(curve.bytes), secret.integer()]).subarray(-curve.bytes);
  return {
    kty: 'EC',
    crv: curve.crv,
    x: base64(point.subarray(1, 1 + curve.bytes)),
    y: base64(point.subarray(1 + curve.bytes)),
    d: base64(padded),
  };
}

/** d mod (p - 1). */
function exponent(d: Buffer, p: Buffer): Buffer {
  const number = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString('hex') || '0'}`);
  if (number(p) < 3n) throw invalid('ssh: malformed OpenSSH key');
  const hex = (number(d) % (number(p) - 1n)).toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
}

function keyOf(key: KeyObject): SshKey {
  const jwk = createPublicKey(key).export({ format: 'jwk' });
  const part = (name: 'n' | 'e' | 'x' | 'y'): Buffer => Buffer.from(jwk[name] ?? '', 'base64url');
  if (jwk.kty === 'OKP' && jwk.crv === 'Ed25519')
    return {
      publicKey: Buffer.concat([sshString('ssh-ed25519'), sshString(part('x'))]),
      sign: (data) => Buffer.concat([sshString('ssh-ed25519'), sshString(sign(null, data, key))]),
    };
  if (jwk.kty === 'RSA')
    return {
      publicKey: Buffer.concat([sshString('ssh-rsa'), sshInteger(part('e')), sshInteger(part('n'))]),
      sign: (data, flags) => {
        const [name, hash] =
          flags & 4 ? ['rsa-sha2-512', 'sha512'] : flags & 2 ? ['rsa-sha2-256', 'sha256'] : ['ssh-rsa', 'sha1'];
        return Buffer.concat([sshString(name), sshString(sign(hash, data, key))]);
      },
    };
  const found = Object.entries(CURVES).find(([, { crv }]) => jwk.kty === 'EC' && crv === jwk.crv);
  if (found === undefined) throw invalid(`ssh: unsupported key type ${jwk.kty ?? ''} ${jwk.crv ?? ''}`);
  const [name, { bytes, hash }] = found;
  const type = `ecdsa-sha2-${name}`;
  return {
    publicKey: Buffer.concat([
      sshString(type),
      sshString(name),
      sshString(Buffer.concat([Buffer.from([4]), part('x'), part('y')])),
    ]),
    sign: (data) => {
      const both = sign(hash, data, { key, dsaEncoding: 'ieee-p1363' });
      const numbers = [both.subarray(0, bytes), both.subarray(bytes)].map(sshInteger);
      return Buffer.concat([sshString(type), sshString(Buffer.concat(numbers))]);
    },
  };
}

function encrypted(): KnownError {
  return invalid('ssh: this private key is passphrase protected');
}

function invalid(message: string, cause?: unknown): KnownError {
  return new KnownError('invalid_parameter', message, { cause });
}
