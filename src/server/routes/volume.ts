import { isBefore } from '../../api/compat/version.ts';
import { parseFilters } from '../../api/filters.ts';
import type { VolumeService } from '../../engine/volume/volume.ts';
import { KnownError } from '../../lib/errors.ts';
import { type Call, flag, type Route } from '../route.ts';
import { NO_MANAGER } from './swarm.ts';
import { toText, toTexts } from './text-fields.ts';

export function volumeRoutes(volumes: VolumeService): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/volumes',
      handle: async (call) => call.answerJson(200, await listed(call, volumes)),
    },
    {
      method: 'POST',
      path: '/volumes/create',
      handle: async (call) => call.answerJson(201, await volumes.create(toRequest(await call.json()))),
    },
    {
      method: 'POST',
      path: '/volumes/prune',
      since: '1.25',
      handle: async (call) => {
        const given = parseFilters(call.query.get('filters'), ['all', 'label', 'label!']);
        // named ones were pruned too before there was a word for it
        const filters = isBefore(call.apiVersion, '1.42') ? new Map([...given, ['all', ['true']] as const]) : given;
        const { deleted, reclaimedBytes } = await volumes.prune(filters);
        call.answerJson(200, { VolumesDeleted: deleted, SpaceReclaimed: reclaimedBytes });
      },
    },
    {
      method: 'GET',
      path: '/volumes/{name}',
      handle: async (call) => call.answerJson(200, await volumes.inspect(call.params['name'] ?? '')),
    },
    {
      method: 'DELETE',
      path: '/volumes/{name}',
      handle: async (call) => {
        await volumes.remove(call.params['name'] ?? '', { force: flag(call.query, 'force') });
        call.answerEmpty(204);
      },
    },
  ];
}

async function listed(call: Call, volumes: VolumeService): Promise<object> {
  const filters = parseFilters(call.query.get('filters'), ['dangling', 'driver', 'label', 'name']);
  const { volumes: Volumes, warnings } = await volumes.list(filters);
  return { Volumes, Warnings: warnings.length > 0 ? warnings : null };
}

function toRequest(body: Readonly<Record<string, unknown>>): Parameters<VolumeService['create']>[0] {
  const { Name, Driver, DriverOpts, Labels, ClusterVolumeSpec } = body;
  if (ClusterVolumeSpec !== undefined && ClusterVolumeSpec !== null) throw new KnownError('unavailable', NO_MANAGER);
  return {
    ...(Name ? { name: toText(Name, 'Name') } : {}),
    ...(Driver ? { driver: toText(Driver, 'Driver') } : {}),
    driverOpts: toTexts(DriverOpts, 'DriverOpts'),
    labels: toTexts(Labels, 'Labels'),
  };
}
