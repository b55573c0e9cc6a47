import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, KnownError, messageOf } from '../lib/errors.ts';
import type { RegistryHost, RegistryHosts } from './registry-hosts.ts';
import { parseHosts, plainHost } from './registry-hosts.ts';

/**
 * Reads what `<certsDir>/<registry>` says, `<certsDir>/_default` when there is no such folder: hosts.toml as containerd has it,
 * or, without one, Docker's `*.crt` (trusted), `*.cert` and `*.key` (of the client). Undefined: nothing. Errors:
 * invalid_parameter naming the file.
 */
export function readRegistryHosts(certsDir: string, registry: string, server: string): RegistryHosts | undefined {
  if (!/^[a-zA-Z0-9[][a-zA-Z0-9.:[\]-]*$/.test(registry)) return undefined;
  for (const name of [registry, '_default']) {
    const folder = join(certsDir, name);
    const files = filesOf(folder);
    if (files?.includes('hosts.toml')) return readToml(join(folder, 'hosts.toml'), folder, server);
    if (files !== undefined) return dockerHosts(folder, files, server);
  }
  return undefined;
}

function filesOf(folder: string): readonly string[] | undefined {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

function readToml(path: string, folder: string, server: string): RegistryHosts {
  try {
    return parseHosts(Bun.TOML.parse(readFileSync(path, 'utf8')), folder, server);
  } catch (error) {
    throw new KnownError('invalid_parameter', `${path}: ${messageOf(error)}`, { cause: error });
  }
}

function dockerHosts(folder: string, files: readonly string[], server: string): RegistryHosts | undefined {
  const caFiles = files.filter((name) => name.endsWith('.crt')).map((name) => join(folder, name));
  const cert = files.find((name) => name.endsWith('.cert'));
  if (caFiles.length === 0 && cert === undefined) return undefined;
  const key = cert?.replace(/\.cert$/, '.key');
  if (cert !== undefined && key !== undefined && !files.includes(key))
    throw new KnownError('invalid_parameter', `missing key ${key} for client certificate ${cert} in ${folder}`);
  const client = cert && key ? { certFile: join(folder, cert), keyFile: join(folder, key) } : undefined;
  const own: RegistryHost = { ...plainHost(server, true), caFiles, client };
  return { mirrors: [], server: own };
}

/** The PEM texts that a host's connections need. Errors: invalid_parameter naming the file. */
export function readTls(host: RegistryHost): { readonly ca?: string[]; readonly cert?: string; readonly key?: string } {
  const { caFiles, client } = host;
  return {
    ...(caFiles.length > 0 ? { ca: caFiles.map(readPem) } : {}),
    ...(client ? { cert: readPem(client.certFile), key: readPem(client.keyFile) } : {}),
  };
}

function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new KnownError('invalid_parameter', `reading a certificate: ${messageOf(error)}`, { cause: error });
  }
}
