import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientTls } from '../../client/endpoint.ts';
import { KnownError, messageOf } from '../../lib/errors.ts';
import type { Flags } from '../../lib/flags/flag.ts';

/** A PEM file each; one that nobody named may be missing. */
export interface TlsPaths {
  readonly ca: TlsPath;
  readonly cert: TlsPath;
  readonly key: TlsPath;
}

export interface TlsPath {
  readonly path: string;
  readonly named: boolean;
}

/** `ca.pem`, `cert.pem` and `key.pem` of a folder. */
export function defaultPaths(folder: string): TlsPaths {
  const at = (name: string): TlsPath => ({ path: join(folder, name), named: false });
  return { ca: at('ca.pem'), cert: at('cert.pem'), key: at('key.pem') };
}

/** The files that options name, the others of `folder`. Errors as `readMaterial`. */
export function readTls(globals: Flags, folder: string, verify: boolean): ClientTls {
  const usual = defaultPaths(folder);
  const path = (flag: string, otherwise: TlsPath): TlsPath =>
    globals.given(flag) ? { path: globals.text(flag), named: true } : otherwise;
  const paths = { ca: path('tlscacert', usual.ca), cert: path('tlscert', usual.cert), key: path('tlskey', usual.key) };
  return { ...readMaterial(paths), verify };
}

/** The texts of the files that are there. Errors: invalid_parameter for one that was named and cannot be read, or a certificate without its key. */
export function readMaterial({ ca, cert, key }: TlsPaths): Omit<ClientTls, 'verify'> {
  const found = { ...read('ca', ca), ...read('cert', cert), ...read('key', key) };
  if ((found.cert === undefined) !== (found.key === undefined))
    throw new KnownError(
      'invalid_parameter',
      `could not load X509 key pair: ${found.cert === undefined ? cert.path : key.path} is missing`,
    );
  return found;
}

function read<T extends string>(name: T, { path, named }: TlsPath): { readonly [name in T]?: string } {
  if (!named && !existsSync(path)) return {};
  try {
    return { [name]: readFileSync(path, 'utf8') } as { readonly [name in T]?: string };
  } catch (error) {
    throw new KnownError('invalid_parameter', `could not read TLS ${name} file ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
