import { setTimeout as wait } from 'node:timers/promises';
import { KnownError } from '../lib/errors.ts';
import { createRegistryClient } from './create-registry-client.ts';
import type { RegistryClient } from './registry-client.ts';

/** The registry client on the machine's own network and clock. */
export function createHostRegistryClient(options: { readonly insecureRegistries: readonly string[] }): RegistryClient {
  return createRegistryClient({
    fetch: (url, init) => globalThis.fetch(url, init),
    insecureRegistries: options.insecureRegistries,
    sleep: async (ms, signal) => {
      try {
        await wait(ms, undefined, { signal });
      } catch (error) {
        throw new KnownError('cancelled', 'context canceled', { cause: error });
      }
    },
  });
}
