import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, KnownError, messageOf } from '../../lib/errors.ts';
import { isRecord } from './load.ts';
import type { ContextEndpoint } from './target.ts';
import { defaultPaths, readMaterial } from './tls.ts';

/**
 * The daemon's address that the context `name` stores in `<config dir>/contexts/meta/<sha256 of the name>/meta.json`, and the certificates in
 * `<config dir>/contexts/tls/<sha256>/docker`. Errors: not_found, invalid_parameter for a file that says no address.
 */
export function readContextEndpoint(configDir: string, name: string): ContextEndpoint {
  const id = createHash('sha256').update(name).digest('hex');
  const path = join(configDir, 'contexts', 'meta', id, 'meta.json');
  const endpoint = dockerEndpoint(readMeta(path, name));
  const host = endpoint?.['Host'];
  if (typeof host !== 'string' || host === '')
    throw new KnownError('invalid_parameter', `docker endpoint for "${name}" not found`);
  const skip = endpoint?.['SkipTLSVerify'] === true;
  const material = readMaterial(defaultPaths(join(configDir, 'contexts', 'tls', id, 'docker')));
  return Object.keys(material).length === 0 && !skip ? { host } : { host, tls: { ...material, verify: !skip } };
}

function readMeta(path: string, name: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') {
      throw new KnownError(
        'not_found',
        `context "${name}": context not found: open ${path}: no such file or directory`,
      );
    }
    throw new KnownError('invalid_parameter', `context "${name}": reading ${path}: ${messageOf(error)}`);
  }
}

function dockerEndpoint(meta: unknown): Record<string, unknown> | undefined {
  const endpoints = isRecord(meta) ? meta['Endpoints'] : undefined;
  const docker = isRecord(endpoints) ? endpoints['docker'] : undefined;
  return isRecord(docker) ? docker : undefined;
}
