import { parseFilters } from '../../api/filters.ts';
import { KnownError } from '../../lib/errors.ts';
import type { Call, Route } from '../route.ts';

const ABSENT = [
  'GET /plugins/{name*}/json',
  'POST /plugins/{name*}/enable',
  'POST /plugins/{name*}/disable',
  'POST /plugins/{name*}/upgrade',
  'POST /plugins/{name*}/push',
  'POST /plugins/{name*}/set',
  'DELETE /plugins/{name*}',
];
const REFUSED = ['GET /plugins/privileges', 'POST /plugins/pull', 'POST /plugins/create'];

/** Managed plugins, of which there are none: the list is empty, none is found, and none can be had. */
export function pluginRoutes(): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/plugins',
      async handle(call) {
        parseFilters(call.query.get('filters'), ['enabled', 'capability']);
        call.answerJson(200, []);
      },
    },
    ...REFUSED.map((text) =>
      toRoute(text, () => new KnownError('not_implemented', 'plugins are not supported by this engine')),
    ),
    ...ABSENT.map((text) =>
      toRoute(text, (call) => new KnownError('not_found', `plugin "${call.params['name'] ?? ''}" not found`)),
    ),
  ];
}

function toRoute(text: string, error: (call: Call) => KnownError): Route {
  const [method = '', path = ''] = text.split(' ');
  return { method: method as Route['method'], path, handle: async (call) => await Promise.reject(error(call)) };
}
