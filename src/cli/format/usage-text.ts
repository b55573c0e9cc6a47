import type { ContainerSummary } from '../../api/types/container.ts';
import type { SystemDataUsage } from '../../api/types/system.ts';
import { buildCacheRows, sortBuildCache } from './build-cache-rows.ts';
import { containerRows } from './container-rows.ts';
import { type ImageRow, imageRows, toImageRows } from './image-rows.ts';
import { humanSize } from './size.ts';
import { formatTable } from './table.ts';
import { toUsageRows } from './usage-rows.ts';
import { VOLUME_ROWS } from './volume-rows.ts';

/** The four tables of `docker system df -v`. `nowMs`: since when ages count. */
export function formatUsageTables(usage: SystemDataUsage, nowMs: number): string {
  const cacheBytes = toUsageRows(usage).find(({ type }) => type === 'Build Cache')?.sizeBytes ?? 0;
  const images = formatTable(imageRows(true, nowMs), firstNames(usage), [
    'Repository',
    'Tag',
    'ID',
    'CreatedSince',
    'Size',
    'SharedSize',
    'UniqueSize',
    'Containers',
  ]);
  const containers = formatTable(containerRows(true, nowMs), ownSizes(usage), [
    'ID',
    'Image',
    'Command',
    'LocalVolumes',
    'Size',
    'RunningFor',
    'Status',
    'Names',
  ]);
  const volumes = formatTable(VOLUME_ROWS, usage.Volumes ?? [], ['Name', 'Links', 'Size']);
  const cache = formatTable(buildCacheRows(true, nowMs), sortBuildCache(usage.BuildCache ?? []), [
    'ID',
    'CacheType',
    'Size',
    'CreatedSince',
    'LastUsedSince',
    'UsageCount',
    'Shared',
  ]);
  return [
    `Images space usage:\n\n${images}`,
    `Containers space usage:\n\n${containers}`,
    `Local Volumes space usage:\n\n${volumes}`,
    `Build cache usage: ${humanSize(cacheBytes)}\n\n${cache}`,
  ].join('\n');
}

/** Each image once, under its first tag. */
export function firstNames({ Images }: SystemDataUsage): readonly ImageRow[] {
  return (Images ?? []).flatMap((image) => {
    const tags = (image.RepoTags ?? []).slice(0, 1);
    return toImageRows([{ ...image, RepoTags: tags, RepoDigests: [] }], 'none').map((row) => ({
      ...row,
      image,
      digest: '',
    }));
  });
}

/** Without what containers share with their images. */
export function ownSizes({ Containers }: SystemDataUsage): readonly ContainerSummary[] {
  return (Containers ?? []).map((container) => ({ ...container, SizeRootFs: 0 }));
}
