import { isInsecure } from '../../distribution/endpoint.ts';
import { createHostRegistryClient } from '../../distribution/registry-client.host.ts';
import type { RegistryClient, RegistryCredentials, RemoteRepository } from '../../distribution/registry-client.ts';
import { PLAIN_HTTP } from '../../distribution/tls-failure.host.ts';
import { ConnectionError } from '../../distribution/transport.ts';
import { KnownError, wrapError } from '../../lib/errors.ts';
import type { Reference } from '../../oci/reference.ts';

const CERTS_DIR = '/etc/docker/certs.d';

/** Repositories of registries as `docker manifest` reaches them. */
export interface ManifestRegistries {
  /**
   * To read: https; a registry of plain http only when it may be insecure, else it is as if it had nothing: undefined. To push
   * (`push`): plain http on loopback too. Errors: unavailable `failed to configure transport: ...`.
   */
  repository(
    name: Pick<Reference, 'registry' | 'path'>,
    options: { readonly push: boolean },
  ): Promise<RemoteRepository | undefined>;
}

/** Each registry is asked once how it is reached. Credentials are looked up when they are needed. */
export function createManifestRegistries(
  insecure: boolean,
  credentialsOf: (reference: Pick<Reference, 'registry'>) => Promise<RegistryCredentials>,
  signal: AbortSignal,
): ManifestRegistries {
  const clients = new Map<string, Promise<RegistryClient | undefined>>();
  return {
    async repository(name, { push }) {
      const key = `${name.registry} ${push}`;
      const connecting = clients.get(key) ?? connect(name.registry, insecure, push, signal);
      clients.set(key, connecting);
      const client = await connecting;
      return client?.repository(name, await credentialsOf(name), { push });
    },
  };
}

async function connect(
  registry: string,
  insecure: boolean,
  push: boolean,
  signal: AbortSignal,
): Promise<RegistryClient | undefined> {
  const lenient = insecure || isInsecure(registry, []);
  const secure = clientBy('https', !lenient);
  const failure = await secure.ping(registry, { signal }).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure === undefined) return secure;
  const speaksHttp = failure instanceof ConnectionError && failure.code === PLAIN_HTTP;
  if (speaksHttp && (push ? lenient : insecure)) return clientBy('http', false);
  if (speaksHttp && !push) return undefined;
  if (!(failure instanceof KnownError)) throw failure;
  throw wrapError(failure, 'failed to configure transport: error pinging v2 registry');
}

function clientBy(scheme: 'https' | 'http', verifyTls: boolean): RegistryClient {
  return createHostRegistryClient({ insecureRegistries: [], certsDir: CERTS_DIR, only: { scheme, verifyTls } });
}
