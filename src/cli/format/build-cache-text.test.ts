import { expect, test } from 'bun:test';
import type { BuildCacheRecord } from '../../api/types/system.ts';
import { formatBuildCache } from './build-cache-text.ts';

const NOW = Date.UTC(2026, 0, 2);
const record = (more: Partial<BuildCacheRecord>): BuildCacheRecord => ({
  ID: 'abc',
  Type: 'regular',
  Description: 'RUN true',
  InUse: false,
  Shared: false,
  Size: 1000,
  CreatedAt: '2026-01-01T00:00:00Z',
  LastUsedAt: '2026-01-01T23:00:00Z',
  UsageCount: 2,
  ...more,
});

test('the table is buildx’s: stars for what changes and what is shared, sums below', () => {
  const records = [
    record({}),
    record({ ID: 'x'.repeat(25), Type: 'exec.cachemount', InUse: true, Size: 2_500_000, LastUsedAt: null }),
    record({ ID: 'shared', Shared: true, Size: 500 }),
  ];
  expect(formatBuildCache(records, false, NOW)).toBe(
    [
      'ID\t\t\t\t\t\tRECLAIMABLE\tSIZE\t\tLAST ACCESSED',
      `${'shared'.padEnd(40)}\ttrue \t\t500B*     \tAbout an hour ago`,
      `${'abc'.padEnd(40)}\ttrue \t\t1kB       \tAbout an hour ago`,
      `${`${'x'.repeat(25)}*`.padEnd(40)}\tfalse\t\t2.5MB     \t`,
      'Shared:\t\t500B',
      'Private:\t2.501MB',
      'Reclaimable:\t1.5kB',
      'Total:\t\t2.502MB',
      '',
    ].join('\n'),
  );
});

test('verbose tells all of every record', () => {
  expect(formatBuildCache([record({ Parents: ['p', 'q'] })], true, NOW)).toBe(
    'ID:\t\tabc\nParent:\t\tp,q\nCreated at:\t2026-01-01 00:00:00 +0000 UTC\nMutable:\tfalse\nReclaimable:\ttrue\nShared:\t\tfalse\n' +
      'Size:\t\t1kB\nDescription:\tRUN true\nUsage count:\t2\nLast used:\tAbout an hour ago\nType:\t\tregular\n\n' +
      'Reclaimable:\t1kB\nTotal:\t\t1kB\n',
  );
  expect(formatBuildCache([], false, NOW)).toBe(
    'ID\tRECLAIMABLE\tSIZE\tLAST ACCESSED\nReclaimable:\t0B\nTotal:\t\t0B\n',
  );
});
