import { parseFilters } from '../../api/filters.ts';
import type { NetworkService } from '../../engine/network/service.ts';
import { KnownError } from '../../lib/errors.ts';
import type { Route } from '../route.ts';

export function networkRoutes(networks: NetworkService): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/networks',
      handle: async (call) =>
        call.answerJson(
          200,
          await networks.list(
            parseFilters(call.query.get('filters'), ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type']),
          ),
        ),
    },
    {
      method: 'POST',
      path: '/networks/create',
      handle: () =>
        Promise.reject(
          new KnownError('not_implemented', 'POST /networks/create: user-defined networks are not supported yet'),
        ),
    },
    {
      method: 'GET',
      path: '/networks/{id}',
      handle: async (call) => call.answerJson(200, await networks.inspect(call.params['id'] ?? '')),
    },
    {
      method: 'DELETE',
      path: '/networks/{id}',
      handle: async (call) => {
        await networks.remove(call.params['id'] ?? '');
        call.answerEmpty(204);
      },
    },
  ];
}
