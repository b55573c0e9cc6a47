import type { Filters } from '../../api/filters.ts';
import type { VolumeContext } from './context.ts';
import { ANONYMOUS, matchesLabels, switchOf } from './filter.ts';
import { discard } from './remove.ts';
import type { VolumeService } from './volume.ts';

/** Unused local volumes that are folders of their own; those with options stay, as in Docker. Only anonymous ones unless `all`. */
export async function pruneVolumes(ctx: VolumeContext, filters: Filters): ReturnType<VolumeService['prune']> {
  const { records, files } = ctx;
  const all = switchOf(filters, 'all') ?? false;
  const isUnused = (name: string): boolean => records.get(name) !== undefined && records.users(name).length === 0;
  const chosen = records
    .list()
    .filter(
      ({ name, labels, driver, options }) =>
        driver === undefined &&
        Object.keys(options ?? {}).length === 0 &&
        isUnused(name) &&
        (all || ANONYMOUS in labels) &&
        matchesLabels(labels, filters),
    );
  const deleted: string[] = [];
  let reclaimedBytes = 0;
  for (const { name } of chosen)
    await ctx.locks.run(name, async () => {
      const sizeBytes = await files.sizeBytes(files.path(name));
      const record = records.get(name);
      if (!record || !isUnused(name)) return; // somebody has taken it meanwhile
      await discard(ctx, record);
      deleted.push(name);
      reclaimedBytes += sizeBytes;
    });
  ctx.events.publish({ type: 'volume', action: 'prune', id: '', attributes: { reclaimed: String(reclaimedBytes) } });
  return { deleted, reclaimedBytes };
}
