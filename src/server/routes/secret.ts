import { parseFilters } from '../../api/filters.ts';
import { LOCAL_SECRETS, LOCAL_SECRETS_HEADER } from '../../api/types/secret.ts';
import type { SecretService } from '../../engine/secret/secret.ts';
import { KnownError } from '../../lib/errors.ts';
import type { Call, Route } from '../route.ts';
import { NO_MANAGER } from './swarm.ts';
import { toText, toTexts } from './text-fields.ts';

/**
 * The paths and bodies of a swarm's secrets, for clients that say they mean this engine's own. Every other client hears what an engine outside
 * a swarm answers.
 */
export function secretRoutes(secrets: SecretService): readonly Route[] {
  const local = (handle: Route['handle']): Route['handle'] => {
    return async (call) => {
      if (call.headers[LOCAL_SECRETS_HEADER] === LOCAL_SECRETS) return await handle(call);
      await call.json(); // what is wrong with a request itself is said first
      throw new KnownError('unavailable', NO_MANAGER);
    };
  };
  const name = (call: Call): string => call.params['name'] ?? '';
  return [
    {
      method: 'GET',
      path: '/secrets',
      handle: local(async (call) =>
        call.answerJson(200, secrets.list(parseFilters(call.query.get('filters'), ['id', 'label', 'name', 'names']))),
      ),
    },
    {
      method: 'POST',
      path: '/secrets/create',
      handle: local(async (call) => {
        const { Name, Labels, Data, Driver, Templating } = await call.json();
        if (Driver || Templating)
          throw new KnownError('invalid_parameter', 'secret drivers and templates are for swarms only');
        const value = Buffer.from(toText(Data ?? '', 'Data'), 'base64');
        const ID = await secrets.create({ name: toText(Name ?? '', 'Name'), labels: toTexts(Labels, 'Labels'), value });
        call.answerJson(201, { ID });
      }),
    },
    {
      method: 'GET',
      path: '/secrets/{name}',
      handle: local(async (call) => call.answerJson(200, secrets.inspect(name(call)))),
    },
    {
      method: 'DELETE',
      path: '/secrets/{name}',
      handle: local(async (call) => {
        await secrets.remove(name(call));
        call.answerEmpty(204);
      }),
    },
  ];
}
