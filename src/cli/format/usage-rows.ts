import type { SystemDataUsage } from '../../api/types/system.ts';
import type { RowType } from './row-type.ts';
import { humanSize } from './size.ts';

/** A line of `docker system df`. Sizes in bytes. */
export interface UsageRow {
  readonly type: 'Images' | 'Containers' | 'Local Volumes' | 'Build Cache';
  readonly total: number;
  readonly active: number;
  readonly sizeBytes: number;
  readonly reclaimableBytes: number;
}

const CONTEXTS: Readonly<Record<UsageRow['type'], string>> = {
  Images: '*formatter.diskUsageImagesContext',
  Containers: '*formatter.diskUsageContainersContext',
  'Local Volumes': '*formatter.diskUsageVolumesContext',
  'Build Cache': '*formatter.diskUsageBuilderContext',
};

/** The columns of `docker system df`. */
export const USAGE_ROWS: RowType<UsageRow> = {
  type: CONTEXTS.Images,
  columns: {
    Type: { title: 'TYPE', text: ({ type }) => type },
    TotalCount: { title: 'TOTAL', text: ({ total }) => String(total) },
    Active: { title: 'ACTIVE', text: ({ active }) => String(active) },
    Size: { title: 'SIZE', text: ({ sizeBytes }) => humanSize(sizeBytes) },
    Reclaimable: { title: 'RECLAIMABLE', text: reclaimable },
  },
};

/** With the part of the whole it is, where there is a whole; not for the build cache. */
function reclaimable({ type, sizeBytes, reclaimableBytes }: UsageRow): string {
  const text = humanSize(reclaimableBytes);
  if (type === 'Build Cache' || sizeBytes <= 0) return text;
  return `${text} (${Math.trunc((reclaimableBytes * 100) / sizeBytes)}%)`;
}

/** Sums up the answer of GET /system/df as docker does (docker/cli cli/command/formatter/disk_usage.go). */
export function toUsageRows(usage: SystemDataUsage): readonly UsageRow[] {
  return [imagesRow(usage), containersRow(usage), volumesRow(usage), buildCacheRow(usage)];
}

/** What images in use have of their own cannot be reclaimed; what they share counts as if it could. */
function imagesRow({ Images, LayersSize }: SystemDataUsage): UsageRow {
  const images = Images ?? [];
  const own = images
    .filter(({ Containers, Size, SharedSize }) => Containers !== 0 && Size !== -1 && SharedSize !== -1)
    .map(({ Size = 0, SharedSize = 0 }) => Size - SharedSize);
  return {
    type: 'Images',
    total: images.length,
    active: images.filter(({ Containers = 0 }) => Containers > 0).length,
    sizeBytes: LayersSize,
    reclaimableBytes: LayersSize - sum(own),
  };
}

function containersRow({ Containers }: SystemDataUsage): UsageRow {
  const containers = Containers ?? [];
  const idle = containers.filter(({ State = '' }) => !/running|paused|restarting/.test(State));
  return {
    type: 'Containers',
    total: containers.length,
    active: containers.length - idle.length,
    sizeBytes: sum(containers.map(({ SizeRw }) => SizeRw ?? 0)),
    reclaimableBytes: sum(idle.map(({ SizeRw }) => SizeRw ?? 0)),
  };
}

function volumesRow({ Volumes }: SystemDataUsage): UsageRow {
  const volumes = (Volumes ?? []).map(({ UsageData }) => ({
    size: Math.max(0, UsageData?.Size ?? 0),
    users: UsageData?.RefCount ?? 0,
  }));
  return {
    type: 'Local Volumes',
    total: volumes.length,
    active: volumes.filter(({ users }) => users > 0).length,
    sizeBytes: sum(volumes.map(({ size }) => size)),
    reclaimableBytes: sum(volumes.filter(({ users }) => users === 0).map(({ size }) => size)),
  };
}

function buildCacheRow(usage: SystemDataUsage): UsageRow {
  const records = usage.BuildCache ?? [];
  const own = records.filter(({ Shared }) => !Shared);
  return {
    type: 'Build Cache',
    total: records.length,
    active: records.filter(({ InUse }) => InUse).length,
    sizeBytes: sum(own.map(({ Size }) => Size)),
    reclaimableBytes: sum(own.filter(({ InUse }) => !InUse).map(({ Size }) => Size)),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
