import { parseFilters } from '../../api/filters.ts';
import type { EndpointSettings } from '../../api/types/network.ts';
import type { ContainerService } from '../../engine/container/service.ts';
import { noEndpoint, noSuchNetwork } from '../../engine/network/errors.ts';
import type { NetworkService } from '../../engine/network/service.ts';
import { isKind, KnownError } from '../../lib/errors.ts';
import { isSince } from '../platform-query.ts';
import type { Call, Route } from '../route.ts';

export function networkRoutes({
  networks,
  containers,
}: {
  readonly networks: NetworkService;
  readonly containers: Pick<ContainerService, 'connect' | 'disconnect' | 'inspect'>;
}): readonly Route[] {
  const id = (call: Call): string => call.params['id'] ?? '';
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
      async handle(call) {
        const body = await call.json();
        // Before 1.48 there was no such field, and IPv4 was always on.
        const known = isSince(call, 1, 48) ? body : { ...body, EnableIPv4: null };
        call.answerJson(201, await networks.create(known));
      },
    },
    {
      method: 'POST',
      path: '/networks/prune',
      since: '1.25',
      handle: async (call) =>
        call.answerJson(200, {
          NetworksDeleted: await networks.prune(parseFilters(call.query.get('filters'), ['label', 'label!', 'until'])),
        }),
    },
    {
      // Not Docker's: `docker port --explain` of our client asks for it.
      method: 'GET',
      path: '/containers/{name}/ports',
      async handle(call) {
        const { Id = '' } = await containers.inspect(call.params['name'] ?? '', { size: false });
        call.answerJson(200, await networks.explain(Id));
      },
    },
    {
      method: 'GET',
      path: '/networks/{id*}',
      async handle(call) {
        // Other scopes than `local` are a swarm's.
        const scope = call.query.get('scope') ?? '';
        if (scope !== '' && scope !== 'local') throw noSuchNetwork(id(call));
        call.answerJson(200, await networks.inspect(id(call)));
      },
    },
    {
      method: 'DELETE',
      path: '/networks/{id*}',
      handle: async (call) => {
        await networks.remove(id(call));
        call.answerEmpty(204);
      },
    },
    {
      method: 'POST',
      path: '/networks/{id}/connect',
      async handle(call) {
        const { Container, EndpointConfig } = await call.json();
        await networks.inspect(id(call));
        await containers.connect(toName(Container), id(call), toSettings(EndpointConfig));
        call.answerEmpty(200);
      },
    },
    {
      method: 'POST',
      path: '/networks/{id}/disconnect',
      async handle(call) {
        const { Container, Force } = await call.json();
        await networks.inspect(id(call));
        const name = toName(Container);
        try {
          await containers.disconnect(name, id(call));
        } catch (error) {
          // An endpoint alone could be left of a container that is gone; here it never is.
          throw Force === true && isKind(error, 'not_found') ? noEndpoint(name) : error;
        }
        call.answerEmpty(200);
      },
    },
  ];
}

function toName(value: unknown): string {
  if (typeof value !== 'string' || value === '')
    throw new KnownError('invalid_parameter', 'invalid JSON: Container must be a name or id');
  return value;
}

function toSettings(value: unknown): EndpointSettings {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value))
    throw new KnownError('invalid_parameter', 'invalid JSON: EndpointConfig must be an object');
  return value;
}
