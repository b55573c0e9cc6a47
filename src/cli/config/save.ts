import { chmodSync, mkdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf, KnownError, messageOf } from '../../lib/errors.ts';
import { writeFileAtomic } from '../../lib/fs/write-atomic.ts';
import { type Credentials, helperFor, hostOf } from './credentials.ts';
import { isRecord } from './load.ts';

type Config = Readonly<Record<string, unknown>>;

/**
 * Changes config.json as it is now: what else it holds is kept, and readers see the old file or the new one. A link is
 * followed; a new file is for its owner only. Errors: invalid_parameter for a file that holds no JSON object, system.
 */
export async function changeConfig(path: string, change: (config: Config) => Config): Promise<void> {
  const target = resolveLink(path);
  mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
  const { config, mode } = readCurrent(target);
  await writeFileAtomic(target, JSON.stringify(change(config), undefined, '\t'), mode);
  chmodSync(target, mode);
}

function resolveLink(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return path;
    throw error;
  }
}

function readCurrent(path: string): { readonly config: Config; readonly mode: number } {
  try {
    const config: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (!isRecord(config)) throw new KnownError('invalid_parameter', 'the file holds no JSON object');
    return { config, mode: statSync(path).mode & 0o777 };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { config: {}, mode: 0o600 };
    if (errnoOf(error) !== undefined) throw error;
    const why = error instanceof KnownError ? messageOf(error) : 'the file is not JSON';
    throw new KnownError('invalid_parameter', `${path} was left as it is: ${why}`);
  }
}

/** Keeps credentials where config.json says. Resolves with true when a password is in the file, for whoever can read it. */
export async function saveCredentials(
  path: string,
  config: Config,
  address: string,
  kept: Credentials,
): Promise<boolean> {
  const helper = helperFor(config, address);
  const { username = '', password = '', identitytoken } = kept;
  if (helper !== undefined) {
    const { keepCredentials } = await import('./credential-helper.host.ts');
    const secret = identitytoken === undefined ? { Username: username, Secret: password } : undefined;
    await keepCredentials(helper, {
      ServerURL: address,
      ...(secret ?? { Username: '<token>', Secret: identitytoken ?? '' }),
    });
    await changeConfig(path, (now) => withEntry(now, address, {}));
    return false;
  }
  const entry =
    identitytoken === undefined
      ? { auth: Buffer.from(`${username}:${password}`).toString('base64') }
      : { auth: Buffer.from(`${username}:`).toString('base64'), identitytoken };
  await changeConfig(path, (now) => withEntry(now, address, entry));
  return identitytoken === undefined;
}

/** Removes what is kept for an address; fine when there is nothing. */
export async function dropCredentials(path: string, config: Config, address: string): Promise<void> {
  const helper = helperFor(config, address);
  if (helper !== undefined) await (await import('./credential-helper.host.ts')).eraseCredentials(helper, address);
  if (Object.keys(authsOf(config)).every((key) => hostOf(key) !== hostOf(address))) return;
  await changeConfig(path, (now) => {
    const left = Object.entries(authsOf(now)).filter(([key]) => hostOf(key) !== hostOf(address));
    const auths = Object.fromEntries(left);
    return { auths, ...without(now, 'auths') };
  });
}

function withEntry(config: Config, address: string, entry: object): Config {
  const entries = Object.entries({ ...authsOf(config), [address]: entry });
  const auths = Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  // First in the file, as the Go client writes it.
  return { auths, ...without(config, 'auths') };
}

function without(config: Config, key: string): Config {
  return Object.fromEntries(Object.entries(config).filter(([name]) => name !== key));
}

function authsOf(config: Config): Config {
  return isRecord(config['auths']) ? config['auths'] : {};
}
