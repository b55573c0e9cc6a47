import type { Filters } from '../../api/filters.ts';
import type { ImageDeleteResponseItem } from '../../api/types/image.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ImageRecord } from '../../store/record/image-records.ts';
import type { ImageServiceDeps } from './deps.ts';
import { describeAll } from './describe.ts';
import { imageFilter, parseDangling } from './filter.ts';
import { deleteImage } from './remove.ts';

/**
 * Deletes images that no container uses: dangling ones, or with `dangling=false` all. Without other filters the beginnings of pulls that
 * were cut off go too.
 */
export async function prune(
  deps: ImageServiceDeps,
  filters: Filters,
): Promise<{ readonly deleted: readonly ImageDeleteResponseItem[]; readonly reclaimedBytes: number }> {
  const danglingOnly = parseDangling(filters.get('dangling')) ?? true;
  const others = new Map([...filters].filter(([key]) => key !== 'dangling'));
  const matches = await imageFilter(others, deps.now(), async () => 0);
  const all = await describeAll(deps);
  const used = new Set(deps.users().map(({ imageId }) => imageId));
  const doomed = all.filter(
    (image) =>
      !used.has(image.record.target.digest) && matches(image) && (!danglingOnly || image.record.names.length === 0),
  );
  const kept = new Set(all.filter((image) => !doomed.includes(image)).flatMap((image) => [...image.parts.keys()]));
  const freed = new Map<Digest, number>(doomed.flatMap((image) => [...image.parts].filter(([key]) => !kept.has(key))));
  const deleted = doomed
    .filter(({ record }) => isUnchanged(deps, record))
    .flatMap(({ record, labels }) => deleteImage(deps, record, record.names, labels));
  const partialBytes = await deps.collector.collect({ partials: others.size === 0 ? 'all' : 'old' });
  const reclaimedBytes = [...freed.values()].reduce((sum, size) => sum + size, partialBytes);
  deps.events.publish({ type: 'image', action: 'prune', id: '', attributes: { reclaimed: String(reclaimedBytes) } });
  return { deleted, reclaimedBytes };
}

/** Whoever has named or removed it since it was looked at, wins. */
function isUnchanged({ records }: ImageServiceDeps, { target, names }: ImageRecord): boolean {
  const now = records.find(target.digest)?.names;
  return now !== undefined && now.length === names.length && names.every((name) => now.includes(name));
}
