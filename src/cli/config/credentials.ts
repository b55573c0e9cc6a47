import { invalid } from '../../lib/invalid.ts';
import { isRecord } from './load.ts';

export const HUB_KEY = 'https://index.docker.io/v1/';

/** What is known for one registry. Nothing set: nothing is known. */
export interface Credentials {
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

type Config = Readonly<Record<string, unknown>>;

/** The helper config.json names for an address (`credHelpers` before `credsStore`); undefined: the file itself keeps them. */
export function helperFor(config: Config, address: string): string | undefined {
  const helpers = isRecord(config['credHelpers']) ? config['credHelpers'] : {};
  const own = helpers[address] ?? helpers[hostOf(address)];
  const name = own ?? config['credsStore'];
  return typeof name === 'string' && name !== '' ? name : undefined;
}

/** Credentials for a registry's address (`host:port` or Docker Hub's). Errors: invalid_parameter for a broken entry, those of a helper. */
export async function lookUpCredentials(config: Config, address: string): Promise<Credentials> {
  const entry = entryOf(config, address);
  const registrytoken = entry['registrytoken'];
  const helper = helperFor(config, address);
  if (helper === undefined) return decodeEntry(entry, address);
  const { getCredentials } = await import('./credential-helper.host.ts');
  const found = await getCredentials(helper, address);
  if (found === undefined) return typeof registrytoken === 'string' ? { registrytoken } : {};
  return found.Username === '<token>'
    ? { identitytoken: found.Secret }
    : { username: found.Username, password: found.Secret };
}

/** The entry of config.json by its key, else by the key's host, as old versions wrote addresses. */
export function entryOf(config: Config, address: string): Config {
  const auths = isRecord(config['auths']) ? config['auths'] : {};
  const exact = auths[address];
  if (isRecord(exact)) return exact;
  const [, byHost] = Object.entries(auths).find(([key]) => hostOf(key) === hostOf(address)) ?? [];
  return isRecord(byHost) ? byHost : {};
}

/** `https://host:5000/v1/` and `host:5000` are the same. */
export function hostOf(address: string): string {
  return address.replace(/^https?:\/\//, '').split('/')[0] ?? '';
}

function decodeEntry(entry: Config, address: string): Credentials {
  const { auth, username, password, identitytoken, registrytoken } = entry;
  const pair = typeof auth === 'string' && auth !== '' ? decodePair(auth, address) : {};
  const plain =
    typeof username === 'string' && username !== '' && typeof password === 'string' ? { username, password } : {};
  return {
    ...plain,
    ...pair,
    ...(typeof identitytoken === 'string' && identitytoken !== '' ? { identitytoken } : {}),
    ...(typeof registrytoken === 'string' && registrytoken !== '' ? { registrytoken } : {}),
  };
}

function decodePair(auth: string, address: string): Credentials {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(auth)) throw invalid(`invalid auth for ${address} in config.json`);
  const text = Buffer.from(auth, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon <= 0) throw invalid(`invalid auth for ${address} in config.json`);
  return { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/^\0+|\0+$/g, '') };
}
