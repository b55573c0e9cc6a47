import type { Reference } from '../../oci/reference.ts';
import { invalid } from '../parse/invalid.ts';
import { isRecord } from './load.ts';

const HUB_KEY = 'https://index.docker.io/v1/';

/** The `X-Registry-Auth` header of what config.json keeps for a registry, no header without. Errors: invalid_parameter for a broken entry. */
export function registryAuth(
  config: Readonly<Record<string, unknown>>,
  reference: Reference,
): Readonly<Record<string, string>> {
  const key = reference.registry === 'docker.io' ? HUB_KEY : reference.registry;
  const auths = isRecord(config['auths']) ? config['auths'] : {};
  const entry = isRecord(auths[key]) ? auths[key] : {};
  const { auth, identitytoken } = entry;
  if (typeof auth !== 'string' && typeof identitytoken !== 'string') return {};
  const [username = '', ...password] = decode(typeof auth === 'string' ? auth : '', key).split(':');
  const body = {
    ...(username === '' ? {} : { username, password: password.join(':') }),
    ...(typeof identitytoken === 'string' ? { identitytoken } : {}),
    serveraddress: key,
  };
  return { 'X-Registry-Auth': Buffer.from(JSON.stringify(body)).toString('base64url') };
}

function decode(auth: string, key: string): string {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(auth)) throw invalid(`invalid auth for ${key} in config.json`);
  return Buffer.from(auth, 'base64').toString('utf8');
}
