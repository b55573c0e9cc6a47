import type { ContainerResourcesService } from './service.ts';
import { type StatsContext, streamStats } from './stats.ts';
import { type UpdateContext, updateContainer } from './update.ts';

export function createContainerResources(deps: StatsContext & UpdateContext): ContainerResourcesService {
  const { table, locked } = deps.containers;
  return {
    stats: async (name, options, signal) => streamStats(deps, table.find(name), options, signal),
    async update(name, change) {
      const { id } = table.find(name).record;
      return await locked(id, () => updateContainer(deps, table.find(id), change));
    },
  };
}
