import type { RegistryClient } from './registry-client.ts';

/** A client whose settings may change: whatever begins uses what `current` gives at that moment. */
export function currentClient(current: () => RegistryClient): RegistryClient {
  return {
    repository: (...of) => current().repository(...of),
    login: (...of) => current().login(...of),
    ping: (...of) => current().ping(...of),
    search: (...of) => current().search(...of),
  };
}
