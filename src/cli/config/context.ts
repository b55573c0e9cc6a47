import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, KnownError, messageOf } from '../../lib/errors.ts';
import { isRecord } from './load.ts';

/**
 * The daemon's address that the context `name` stores in `<config dir>/contexts/meta/<sha256 of the name>/meta.json`.
 * Errors: not_found, invalid_parameter for a file that says no address, not_implemented for one that needs TLS.
 */
export function readContextHost(configDir: string, name: string): string {
  const id = createHash('sha256').update(name).digest('hex');
  const path = join(configDir, 'contexts', 'meta', id, 'meta.json');
  const endpoint = dockerEndpoint(readMeta(path, name));
  const host = endpoint?.['Host'];
  if (typeof host !== 'string' || host === '')
    throw new KnownError('invalid_parameter', `docker endpoint for "${name}" not found`);
  if (endpoint?.['SkipTLSVerify'] === true) {
    throw new KnownError('not_implemented', `context "${name}": connecting to a daemon over TLS is not supported`);
  }
  return host;
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
