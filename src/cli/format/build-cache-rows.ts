import type { BuildCacheRecord } from '../../api/types/system.ts';
import { humanDuration } from './duration.ts';
import { shortId } from './ellipsis.ts';
import type { RowType } from './row-type.ts';
import { humanSize } from './size.ts';

/** The columns of the build cache in `docker system df -v`. `nowMs`: since when ages count. */
export function buildCacheRows(truncate: boolean, nowMs: number): RowType<BuildCacheRecord> {
  const since = (time: string): string => `${humanDuration(nowMs - Date.parse(time))} ago`;
  return {
    type: '*formatter.buildCacheContext',
    columns: {
      ID: {
        title: 'CACHE ID',
        text: ({ ID, InUse }) => `${truncate ? shortId(ID) : ID}${InUse ? '*' : ''}`,
      },
      // Of API versions before 1.42, which docker 28 still looks for.
      Parent: { title: 'PARENT', text: () => '' },
      CacheType: { title: 'CACHE TYPE', text: ({ Type }) => Type },
      Size: { title: 'SIZE', text: ({ Size }) => humanSize(Size, 3) },
      CreatedAt: { title: 'CREATED AT', text: ({ CreatedAt }) => goTime(CreatedAt) },
      CreatedSince: { title: 'CREATED', text: ({ CreatedAt }) => since(CreatedAt) },
      LastUsedAt: { title: 'LAST USED AT', text: ({ LastUsedAt }) => (LastUsedAt ? goTime(LastUsedAt) : '') },
      LastUsedSince: { title: 'LAST USED', text: ({ LastUsedAt }) => (LastUsedAt ? since(LastUsedAt) : '') },
      UsageCount: { title: 'USAGE', text: ({ UsageCount }) => String(UsageCount) },
      InUse: { title: 'IN USE', text: ({ InUse }) => String(InUse) },
      Shared: { title: 'SHARED', text: ({ Shared }) => String(Shared) },
      Description: { title: 'DESCRIPTION', text: ({ Description }) => Description },
    },
  };
}

/** Longest unused first, never used ones before; then by id. */
export function sortBuildCache(records: readonly BuildCacheRecord[]): readonly BuildCacheRecord[] {
  const used = ({ LastUsedAt }: BuildCacheRecord): number =>
    LastUsedAt ? Date.parse(LastUsedAt) : Number.NEGATIVE_INFINITY;
  return records.toSorted((a, b) => {
    const [left, right] = [used(a), used(b)];
    return left === right ? (a.ID < b.ID ? -1 : 1) : left - right;
  });
}

/** RFC 3339 as Go's time.String: `2026-11-22 22:21:46.932 +0000 UTC`. */
export function goTime(time: string): string {
  const [, date = '', clock = '', offset = 'Z'] = /^(\S+)T([\d:]+(?:\.\d+)?)(\S+)$/.exec(time) ?? [];
  const zone = offset === 'Z' ? '+0000 UTC' : `${offset.replace(':', '')} ${offset.replace(':', '')}`;
  return `${date} ${clock.replace(/\.?0*$/, (zeros) => (clock.includes('.') ? '' : zeros))} ${zone}`;
}
