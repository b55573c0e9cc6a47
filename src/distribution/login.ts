import { isKind, KnownError } from '../lib/errors.ts';
import { endpointOf } from './endpoint.ts';
import type { RegistryCredentials } from './registry-client.ts';
import { RegistryError } from './registry-error.ts';
import type { RequestDeps } from './request.ts';
import { createAuthorizedSend } from './request.ts';
import { discard } from './transport.ts';

/** See RegistryClient.login. The texts are Docker's; what was tried is in none of them. */
export async function login(
  deps: RequestDeps,
  registry: string,
  credentials: RegistryCredentials,
  signal: AbortSignal,
): Promise<string> {
  const name = { registry, path: '' };
  let identityToken = '';
  const send = createAuthorizedSend(deps, name, credentials, [], (token) => (identityToken = token));
  try {
    const response = await send({ path: '/v2/', signal });
    await discard(response);
    return identityToken;
  } catch (error) {
    if (!isKind(error, 'unauthorized', 'forbidden')) throw error;
    const address = `${endpointOf(name, deps.insecureRegistries).bases.at(-1)}/v2/`;
    const text =
      error instanceof RegistryError
        ? `login attempt to ${address} failed with status: ${error.status} ${error.status === 403 ? 'Forbidden' : 'Unauthorized'}`
        : `Get "${address}": ${error.message}`;
    throw new KnownError('unauthorized', text, { cause: error });
  }
}
