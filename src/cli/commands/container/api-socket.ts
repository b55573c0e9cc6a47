import { dirname } from 'node:path';
import type { Endpoint } from '../../../client/endpoint.ts';
import { invalid } from '../../../lib/invalid.ts';
import { tarEnd, tarHeader, tarPadding } from '../../../lib/tar/writer.ts';
import type { CommandContext } from '../../command.ts';
import { type Credentials, helperFor, lookUpCredentials } from '../../config/credentials.ts';
import { isRecord } from '../../config/load.ts';
import type { CreateBody } from './create-body.ts';
import { containerPath } from './each.ts';

const SOCKET = '/var/run/docker.sock';
const CONFIG_FILE = '/run/secrets/docker/config.json';

type Config = Readonly<Record<string, unknown>>;

/** What `--use-api-socket` adds: the body with its mount, and what is to be put into the container once it is there. */
export interface ApiSocket {
  readonly body: CreateBody;
  readonly config: string | undefined;
}

/** The daemon's own socket for a container, and all that the user knows for registries. Errors: invalid_parameter for another endpoint than a unix socket. */
export async function withApiSocket(body: CreateBody, endpoint: Endpoint, config: Config): Promise<ApiSocket> {
  if (endpoint.kind !== 'unix')
    throw invalid(
      `flag --use-api-socket can only be used with unix sockets: docker endpoint ${endpoint.text} incompatible`,
    );
  const auths = await allCredentials(config);
  const known = Object.keys(auths).length > 0;
  const mounts = (body.HostConfig['Mounts'] as readonly object[] | undefined) ?? [];
  const env = (body['Env'] as readonly string[] | null) ?? [];
  return {
    body: {
      ...body,
      ...(known && { Env: [...env, `DOCKER_CONFIG=${dirname(CONFIG_FILE)}`] }),
      HostConfig: {
        ...body.HostConfig,
        Mounts: [...mounts, { Type: 'bind', Source: endpoint.path, Target: SOCKET, BindOptions: {} }],
      },
    },
    config: known ? JSON.stringify({ auths }, undefined, '\t') : undefined,
  };
}

/** Writes the configuration into a container that was created. */
export async function putConfig({ api }: CommandContext, id: string, config: string): Promise<void> {
  await api.call('PUT', containerPath(id, '/archive'), {
    query: { path: '/' },
    upload: archiveOf(Buffer.from(config)),
  });
}

async function* archiveOf(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield tarHeader({ name: CONFIG_FILE.slice(1), type: 'file', mode: 0o600, size: content.length });
  yield content;
  yield tarPadding(content.length);
  yield tarEnd();
}

/** As config.json keeps them: of the file, and of the helpers for the addresses that the file names. */
async function allCredentials(config: Config): Promise<Readonly<Record<string, object>>> {
  const addresses = [config['auths'], config['credHelpers']].flatMap((one) => (isRecord(one) ? Object.keys(one) : []));
  const stored = helperFor(config, '') === undefined ? [] : await storedAddresses(config);
  const found: Record<string, object> = {};
  for (const address of new Set([...addresses, ...stored].toSorted())) {
    const entry = toEntry(await lookUpCredentials(config, address));
    if (entry !== undefined) found[address] = entry;
  }
  return found;
}

async function storedAddresses(config: Config): Promise<readonly string[]> {
  const { listAddresses } = await import('../../config/credential-helper.host.ts');
  return await listAddresses(String(config['credsStore']));
}

function toEntry({ username = '', password = '', identitytoken, registrytoken }: Credentials): object | undefined {
  if (username === '' && identitytoken === undefined && registrytoken === undefined) return undefined;
  const pair = username !== '' || password !== '';
  return {
    ...(pair && { auth: Buffer.from(`${username}:${password}`).toString('base64') }),
    ...(identitytoken !== undefined && { identitytoken }),
    ...(registrytoken !== undefined && { registrytoken }),
  };
}
