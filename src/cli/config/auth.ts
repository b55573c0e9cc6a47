import { messageOf } from '../../lib/errors.ts';
import type { Reference } from '../../oci/reference.ts';
import { type Credentials, HUB_KEY, helperFor, lookUpCredentials } from './credentials.ts';

type Config = Readonly<Record<string, unknown>>;

/**
 * The `X-Registry-Auth` header of what is kept for an image's registry, in config.json or by a credential helper; no header
 * without. A helper that fails is a warning: the image may be public. Errors: invalid_parameter for a broken entry.
 */
export async function registryAuth(
  config: Config,
  reference: Pick<Reference, 'registry'>,
  warn: (text: string) => void,
): Promise<Readonly<Record<string, string>>> {
  const address = addressOf(reference);
  const credentials = await forgiving(config, address, warn);
  if (Object.keys(credentials).length === 0) return {};
  const body = { ...credentials, serveraddress: address };
  return { 'X-Registry-Auth': Buffer.from(JSON.stringify(body)).toString('base64url') };
}

/** The credentials themselves, for who talks to the registry without the daemon. Errors: as registryAuth. */
export async function registryCredentials(
  config: Config,
  reference: Pick<Reference, 'registry'>,
  warn: (text: string) => void,
): Promise<Credentials> {
  return await forgiving(config, addressOf(reference), warn);
}

function addressOf({ registry }: Pick<Reference, 'registry'>): string {
  return registry === 'docker.io' ? HUB_KEY : registry;
}

async function forgiving(config: Config, address: string, warn: (text: string) => void): Promise<Credentials> {
  try {
    return await lookUpCredentials(config, address);
  } catch (error) {
    if (helperFor(config, address) === undefined) throw error;
    warn(`WARNING: going on without credentials for ${address}: ${messageOf(error)}\n`);
    return {};
  }
}
