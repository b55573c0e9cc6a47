import { type Filters, isMatch } from '../../api/filters.ts';
import type { Network } from '../../api/types/network.ts';
import { isKind, KnownError } from '../../lib/errors.ts';
import { parseUntil } from '../container/prune.ts';
import type { EventBus } from '../event/event.ts';
import type { EngineNetworking } from './engine-networking.ts';
import type { NetworkService } from './service.ts';

const BUILTIN = ['bridge', 'host', 'none'];

export function createNetworkService(
  networking: Pick<EngineNetworking, 'list' | 'inspect' | 'create' | 'remove' | 'explain'>,
  events: Pick<EventBus, 'publish'>,
): NetworkService {
  return {
    list: async (filters) => networking.list().filter(networkFilter(filters)),
    inspect: async (nameOrId) => networking.inspect(nameOrId),
    create: async (body) => ({ Id: await networking.create(body), Warning: '' }),
    explain: async (containerId) => await networking.explain(containerId),
    async remove(nameOrId) {
      await networking.remove(nameOrId);
    },
    async prune(filters) {
      const matches = pruneFilter(filters);
      const removed: string[] = [];
      for (const network of networking.list().filter(matches)) {
        try {
          await networking.remove(network.Id ?? '');
          removed.push(network.Name ?? '');
        } catch (error) {
          // Somebody has joined or removed it meanwhile.
          if (!isKind(error, 'forbidden', 'not_found')) throw error;
        }
      }
      events.publish({ type: 'network', action: 'prune', id: '', attributes: { reclaimed: '0' } });
      return removed;
    },
  };
}

/** The test of `docker network ls --filter`: all keys must hold, one value of each is enough (labels: all). Errors: invalid_parameter. */
export function networkFilter(filters: Filters): (network: Network) => boolean {
  const matches = (key: string, test: (value: string) => boolean): boolean => {
    const values = filters.get(key);
    return values === undefined || values.some(test);
  };
  for (const type of filters.get('type') ?? [])
    if (type !== 'builtin' && type !== 'custom')
      throw new KnownError('invalid_parameter', `invalid filter: 'type'='${type}'`);
  const dangling = (filters.get('dangling') ?? []).map((value) => flag('dangling', value));
  return (network) => {
    const { Name = '', Id = '', Containers = {} } = network;
    const builtin = BUILTIN.includes(Name);
    const unused = !builtin && Object.keys(Containers).length === 0;
    return (
      matches('name', (value) => isMatch(value, Name)) &&
      matches('id', (value) => isMatch(value, Id)) &&
      matches('driver', (value) => network.Driver === value) &&
      matches('scope', (value) => network.Scope === value) &&
      matches('type', (value) => (value === 'builtin') === builtin) &&
      (filters.get('label') ?? []).every((label) => hasLabel(network, label)) &&
      (dangling.length === 0 || dangling.includes(unused))
    );
  };
}

/** Networks that prune may remove; configurations stay. Errors: invalid_parameter for a malformed `until`. */
export function pruneFilter(filters: Filters): (network: Network) => boolean {
  const before = parseUntil(filters.get('until') ?? [], Date.now());
  return (network) =>
    !BUILTIN.includes(network.Name ?? '') &&
    network.ConfigOnly !== true &&
    Object.keys(network.Containers ?? {}).length === 0 &&
    (filters.get('label') ?? []).every((label) => hasLabel(network, label)) &&
    !(filters.get('label!') ?? []).some((label) => hasLabel(network, label)) &&
    Date.parse(network.Created ?? '') <= before;
}

function hasLabel({ Labels = {} }: Network, label: string): boolean {
  const at = label.indexOf('=');
  return at < 0 ? label in Labels : Labels[label.slice(0, at)] === label.slice(at + 1);
}

function flag(key: string, value: string): boolean {
  if (['1', 'true', 't', 'True', 'TRUE'].includes(value)) return true;
  if (['0', 'false', 'f', 'False', 'FALSE'].includes(value)) return false;
  throw new KnownError('invalid_parameter', `invalid filter '${key}=[${value}]'`);
}
