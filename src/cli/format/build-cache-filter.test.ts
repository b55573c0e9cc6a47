import { expect, test } from 'bun:test';
import type { BuildCacheRecord } from '../../api/types/system.ts';
import { parseCacheFilters } from './build-cache-filter.ts';

const HOUR = 3_600_000;
const NOW = 100 * HOUR;
const record = (ID: string, more: Partial<BuildCacheRecord>): BuildCacheRecord => ({
  ID,
  Type: 'regular',
  Description: `RUN make ${ID}`,
  InUse: false,
  Shared: false,
  Size: 1,
  CreatedAt: new Date(0).toISOString(),
  LastUsedAt: new Date(NOW).toISOString(),
  UsageCount: 1,
  ...more,
});
const RECORDS = [
  record('a1', {}),
  record('a2', { Shared: true, Parents: ['a1'] }),
  record('mount', { Type: 'exec.cachemount', InUse: true, Description: 'cached mount /root' }),
  record('files', { Type: 'source.local', LastUsedAt: new Date(NOW - 50 * HOUR).toISOString() }),
];

const CASES: readonly (readonly [readonly string[], readonly string[]])[] = [
  [[], ['a1', 'a2', 'mount', 'files']],
  [['id=a1'], ['a1']],
  [['id==a1'], ['a1']],
  [['id!=a1'], ['a2', 'mount', 'files']],
  [['id~=^a'], ['a1', 'a2']],
  [['description~=cached|files'], ['mount', 'files']],
  [['type=exec.cachemount'], ['mount']],
  [['type!=regular', 'mutable'], ['mount']],
  [['parents=a1'], ['a2']],
  [['inuse'], ['mount']],
  [
    ['inuse=false', 'immutable'],
    ['a1', 'a2', 'files'],
  ],
  [['shared'], ['a2']],
  [
    ['private', 'immutable=true'],
    ['a1', 'files'],
  ],
  [['until=24h'], ['files']],
  [['unused-for=51h'], []],
];
for (const [filters, found] of CASES)
  test(`builder du --filter ${filters.join(' --filter ')}`, () => {
    expect(RECORDS.filter(parseCacheFilters(filters, NOW)).map(({ ID }) => ID)).toEqual([...found]);
  });

for (const [filter, problem] of [
  ['size=1', "invalid filter 'size'"],
  ['until=soon', 'invalid duration'],
  ['until', 'needs a duration'],
  ['shared=maybe', 'expected true or false'],
  ['id~=(', 'is no regular expression'],
] as const)
  test(`builder du --filter ${filter} is refused`, () => {
    expect(() => parseCacheFilters([filter], NOW)).toThrow(problem);
  });
