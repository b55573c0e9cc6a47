import { parseFilters } from '../../api/filters.ts';
import type { VolumeService } from '../../engine/volume/volume.ts';
import { KnownError } from '../../lib/errors.ts';
import { flag, type Route } from '../route.ts';

export function volumeRoutes(volumes: VolumeService): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/volumes',
      handle: async (call) =>
        call.answerJson(200, {
          Volumes: await volumes.list(parseFilters(call.query.get('filters'), ['dangling', 'driver', 'label', 'name'])),
          Warnings: null,
        }),
    },
    {
      method: 'POST',
      path: '/volumes/create',
      handle: async (call) => call.answerJson(201, await volumes.create(toRequest(await call.json()))),
    },
    {
      method: 'POST',
      path: '/volumes/prune',
      handle: async (call) => {
        const { deleted, reclaimedBytes } = await volumes.prune(
          parseFilters(call.query.get('filters'), ['all', 'label', 'label!']),
        );
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

function toRequest(body: Readonly<Record<string, unknown>>): Parameters<VolumeService['create']>[0] {
  const { Name, Driver, DriverOpts, Labels } = body;
  return {
    ...(Name ? { name: toText(Name, 'Name') } : {}),
    ...(Driver ? { driver: toText(Driver, 'Driver') } : {}),
    driverOpts: toTexts(DriverOpts, 'DriverOpts'),
    labels: toTexts(Labels, 'Labels'),
  };
}

function toTexts(value: unknown, field: string): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value))
    throw new KnownError('invalid_parameter', `invalid JSON: ${field} must be an object`);
  return Object.fromEntries(Object.entries(value).map(([key, text]) => [key, toText(text, field)]));
}

function toText(value: unknown, field: string): string {
  if (typeof value !== 'string') throw new KnownError('invalid_parameter', `invalid JSON: ${field} must be a string`);
  return value;
}
