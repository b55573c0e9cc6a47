import { KnownError } from '../../lib/errors.ts';
import type { EngineNetworking } from './container-networking.ts';
import type { NetworkService } from './service.ts';

export function createNetworkService(networking: Pick<EngineNetworking, 'list' | 'inspect'>): NetworkService {
  return {
    async list(filters) {
      const matches = (key: string, test: (value: string) => boolean): boolean => {
        const values = filters.get(key);
        return values === undefined || values.some(test);
      };
      return networking
        .list()
        .filter(
          (network) =>
            matches('name', (value) => (network.Name ?? '').includes(value)) &&
            matches('id', (value) => (network.Id ?? '').startsWith(value)) &&
            matches('driver', (value) => network.Driver === value) &&
            matches('scope', (value) => network.Scope === value) &&
            matches('type', (value) => value === 'builtin') &&
            matches('label', () => false) &&
            matches('dangling', (value) => value === 'false' || value === '0'),
        );
    },
    inspect: async (nameOrId) => networking.inspect(nameOrId),
    async remove(nameOrId) {
      const { Name } = networking.inspect(nameOrId);
      throw new KnownError('forbidden', `${Name} is a pre-defined network and cannot be removed`);
    },
  };
}
