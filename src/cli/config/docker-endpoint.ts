import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseEndpoint } from '../../client/endpoint.ts';
import { errnoOf, KnownError, messageOf } from '../../lib/errors.ts';
import { parseBool } from '../../lib/flags/number.ts';
import { type ContextMeta, readContext, readTlsFiles, type TlsFiles } from './context-store.ts';

/** What `--docker` says of an endpoint: its description, and its certificates. */
export interface DockerEndpoint {
  readonly endpoint: Readonly<Record<string, unknown>>;
  readonly files: Readonly<Record<string, string>>;
}

const KEYS = ['from', 'host', 'ca', 'cert', 'key', 'skip-tls-verify'];
const FILES = { ca: 'ca.pem', cert: 'cert.pem', key: 'key.pem' } as const;

/** Reads `host=...,ca=...`. Errors: invalid_parameter in Docker's words. */
export function readDockerEndpoint(configDir: string, given: readonly string[]): DockerEndpoint {
  try {
    return endpointOf(configDir, fieldsOf(given));
  } catch (error) {
    const kind = error instanceof KnownError ? error.kind : 'invalid_parameter';
    throw new KnownError(kind, `unable to create docker endpoint config: ${messageOf(error)}`, { cause: error });
  }
}

function fieldsOf(given: readonly string[]): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const pair of given.flatMap((one) => one.split(','))) {
    const at = pair.indexOf('=');
    if (at < 0) throw new KnownError('invalid_parameter', `${pair} must be formatted as key=value`);
    fields.set(pair.slice(0, at), pair.slice(at + 1));
  }
  const unknown = [...fields.keys()].find((key) => !KEYS.includes(key));
  if (unknown !== undefined) throw new KnownError('invalid_parameter', `unrecognized config key: ${unknown}`);
  return fields;
}

function endpointOf(configDir: string, fields: ReadonlyMap<string, string>): DockerEndpoint {
  const from = fields.get('from');
  if (from !== undefined) {
    const endpoint = readContext(configDir, from).Endpoints['docker'];
    if (!endpoint) throw new KnownError('not_found', `context ${JSON.stringify(from)} has no docker endpoint`);
    return { endpoint, files: readTlsFiles(configDir, from)['docker'] ?? {} };
  }
  const host = fields.get('host') ?? '';
  const files = Object.fromEntries(
    Object.entries(FILES).flatMap(([key, name]) => {
      const path = fields.get(key) ?? '';
      return path === '' ? [] : [[name, readPem(path)]];
    }),
  );
  checkFiles(files);
  parseEndpoint(host);
  const skip = fields.get('skip-tls-verify');
  return { endpoint: { Host: host, SkipTLSVerify: skip !== undefined && parseBool(skip) }, files };
}

function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw errnoOf(error) === 'ENOENT'
      ? new KnownError('invalid_parameter', `open ${path}: no such file or directory`)
      : error;
  }
}

function checkFiles(files: Readonly<Record<string, string>>): void {
  const bad = (why: string): KnownError =>
    new KnownError('invalid_parameter', `invalid docker endpoint options: failed to retrieve context tls info: ${why}`);
  try {
    for (const name of ['ca.pem', 'cert.pem']) if (files[name] !== undefined) new X509Certificate(files[name]);
  } catch {
    throw bad(`${files['ca.pem'] === undefined ? 'cert.pem' : 'ca.pem'} seems invalid`);
  }
  if ((files['cert.pem'] === undefined) !== (files['key.pem'] === undefined))
    throw bad('cert.pem and key.pem go together');
  try {
    if (files['key.pem'] !== undefined) createPrivateKey(files['key.pem']);
  } catch (error) {
    throw bad(`key.pem seems invalid: ${messageOf(error)}`);
  }
}

/** The certificates of a context with those of its docker endpoint replaced. */
export function withDockerFiles(tls: TlsFiles, files: Readonly<Record<string, string>>): TlsFiles {
  const { docker: _before, ...others } = tls;
  return Object.keys(files).length === 0 ? others : { ...others, docker: files };
}

/** The address of a context, empty when it has none. */
export function hostOf({ Endpoints }: ContextMeta): string {
  const host = Endpoints['docker']?.['Host'];
  return typeof host === 'string' ? host : '';
}

export function descriptionOf({ Metadata }: ContextMeta): string {
  const text = Metadata['Description'];
  return typeof text === 'string' ? text : '';
}

/** The context that stands for no context. */
export function defaultContext(envHost: string | undefined): ContextMeta {
  const Host = envHost || 'unix:///var/run/docker.sock';
  return { Name: 'default', Metadata: {}, Endpoints: { docker: { Host, SkipTLSVerify: false } } };
}

export const DEFAULT_DESCRIPTION = 'Current DOCKER_HOST based configuration';
