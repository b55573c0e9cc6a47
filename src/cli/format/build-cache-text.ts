import type { BuildCacheRecord } from '../../api/types/system.ts';
import { goTime, sortBuildCache } from './build-cache-rows.ts';
import { humanDuration } from './duration.ts';
import { humanSize } from './size.ts';
import { alignByTabs } from './tab-stops.ts';

/** The build cache as buildx's `du` prints it (commands/diskusage.go): what changes in place has a star behind its id, what is shared behind its size. */
export function formatBuildCache(records: readonly BuildCacheRecord[], verbose: boolean, nowMs: number): string {
  const sorted = sortBuildCache(records).toReversed();
  const list = verbose
    ? sorted.map((record) => `${alignByTabs(facts(record, nowMs))}\n`).join('')
    : alignByTabs([['ID', 'RECLAIMABLE', 'SIZE', 'LAST ACCESSED'], ...sorted.map((record) => row(record, nowMs))]);
  return list + alignByTabs(sums(records));
}

function row(record: BuildCacheRecord, nowMs: number): readonly string[] {
  const size = `${humanSize(record.Size)}${record.Shared ? '*' : ''}`;
  return [
    `${record.ID}${isMutable(record) ? '*' : ''}`.padEnd(40),
    String(!record.InUse).padEnd(5),
    size.padEnd(10),
    usedAgo(record, nowMs) ?? '',
  ];
}

function facts(record: BuildCacheRecord, nowMs: number): readonly (readonly string[])[] {
  const { ID, Parents = [], CreatedAt, InUse, Shared, Size, Description, UsageCount, Type } = record;
  const used = usedAgo(record, nowMs);
  return [
    ['ID:', ID],
    ...(Parents.length > 0 ? [['Parent:', Parents.join(',')]] : []),
    ['Created at:', goTime(CreatedAt)],
    ['Mutable:', String(isMutable(record))],
    ['Reclaimable:', String(!InUse)],
    ['Shared:', String(Shared)],
    ['Size:', humanSize(Size)],
    ...(Description === '' ? [] : [['Description:', Description]]),
    ['Usage count:', String(UsageCount)],
    ...(used === undefined ? [] : [['Last used:', used]]),
    ['Type:', Type],
  ];
}

function sums(records: readonly BuildCacheRecord[]): readonly (readonly string[])[] {
  const sum = (takes: (record: BuildCacheRecord) => boolean): number =>
    records.filter(takes).reduce((total, { Size }) => total + Math.max(0, Size), 0);
  const [total, shared, reclaimable] = [sum(() => true), sum(({ Shared }) => Shared), sum(({ InUse }) => !InUse)];
  return [
    ...(shared > 0
      ? [
          ['Shared:', humanSize(shared)],
          ['Private:', humanSize(total - shared)],
        ]
      : []),
    ['Reclaimable:', humanSize(reclaimable)],
    ['Total:', humanSize(total)],
  ];
}

/** Cache mounts are written to by every step that has them. */
/** Changes in place. */
export function isMutable({ Type }: BuildCacheRecord): boolean {
  return Type === 'exec.cachemount';
}

function usedAgo({ LastUsedAt }: BuildCacheRecord, nowMs: number): string | undefined {
  return LastUsedAt ? `${humanDuration(nowMs - Date.parse(LastUsedAt))} ago` : undefined;
}
