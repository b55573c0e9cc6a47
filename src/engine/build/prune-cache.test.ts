import { expect, test } from 'bun:test';
import type { Filters } from '../../api/filters.ts';
import { defaultGcRules, filtersOf } from './gc-policy.ts';
import { type CacheSubject, cacheFilter, choosePrune } from './prune-cache.ts';
import type { SpaceLimits } from './service.ts';

const HOUR = 3_600_000;
const NOW = 10 * HOUR;
const NO_LIMIT: SpaceLimits = { reservedBytes: 0, maxUsedBytes: 0, minFreeBytes: 0 };

const subject = (id: string, more: Partial<CacheSubject>): CacheSubject => ({
  id,
  type: 'regular',
  description: `RUN ${id}`,
  shared: false,
  inUse: false,
  ownBytes: 10,
  usedAtMs: 0,
  ...more,
});

const SUBJECTS = [
  subject('late', { usedAtMs: NOW }),
  subject('old', {}),
  subject('shared', { shared: true, ownBytes: 0, usedAtMs: HOUR }),
  subject('mount', { type: 'exec.cachemount', usedAtMs: 2 * HOUR }),
  subject('busy', { type: 'exec.cachemount', inUse: true }),
];

type Case = readonly [string, Record<string, string[]>, boolean, Partial<SpaceLimits>, readonly string[]];
const CASES: readonly Case[] = [
  ['what no image shares and nobody uses', {}, false, {}, ['old', 'mount', 'late']],
  ['with all, what images share too', {}, true, {}, ['old', 'shared', 'mount', 'late']],
  ['as long as it takes more than is reserved, the oldest first', {}, false, { reservedBytes: 25 }, ['old', 'mount']],
  ['nothing when all of it fits', {}, true, { reservedBytes: 40 }, []],
  ['down to the most that may be used', {}, false, { maxUsedBytes: 30 }, ['old']],
  ['never below what is reserved', {}, false, { maxUsedBytes: 5, reservedBytes: 30 }, ['old']],
  ['until enough is free', {}, false, { minFreeBytes: 115 }, ['old', 'mount']],
  ['nothing when enough is free', {}, false, { minFreeBytes: 100 }, []],
  ['until: not those used since', { until: ['1h'] }, false, {}, ['old', 'mount']],
  ['unused-for', { 'unused-for': ['9h'] }, false, {}, ['old']],
  ['id: those whose id begins so', { id: ['la', 'mo'] }, false, {}, ['mount', 'late']],
  ['description', { description: ['RUN old'] }, false, {}, ['old']],
  ['type', { type: ['exec.cachemount'] }, false, {}, ['mount']],
  ['shared', { shared: ['1'] }, true, {}, ['shared']],
  ['private', { private: ['1'] }, true, {}, ['old', 'mount', 'late']],
  ['all filters must take an entry', { id: ['late'], shared: ['1'] }, true, {}, []],
];

for (const [title, filters, all, space, removed] of CASES)
  test(`pruning the build cache takes ${title}`, () => {
    const given: Filters = new Map(Object.entries(filters));
    const doomed = choosePrune(SUBJECTS, cacheFilter(given, NOW), { all, space: { ...NO_LIMIT, ...space } }, 100);
    expect(doomed.map(({ id }) => id)).toEqual([...removed]);
  });

test('the rules of the collection after a build: what is quickly made again first, then what is old, then what does not fit', () => {
  const GB = 1e9;
  const day = 24 * HOUR;
  const now = 100 * day;
  const held = [
    subject('mount', { type: 'exec.cachemount', ownBytes: 10 * GB, usedAtMs: now - 3 * day }),
    subject('files', { type: 'source.local', ownBytes: 10 * GB, usedAtMs: now - day }),
    subject('old', { ownBytes: 10 * GB, usedAtMs: now - 61 * day }),
    subject('month', { ownBytes: 10 * GB, usedAtMs: now - 30 * day }),
    subject('image', { shared: true, ownBytes: 0, usedAtMs: 0 }),
    subject('new', { ownBytes: 10 * GB, usedAtMs: now }),
  ];
  const collect = (diskBytes: number, freeBytes: number) =>
    defaultGcRules(diskBytes).map((rule) =>
      choosePrune(held, cacheFilter(filtersOf(rule), now), rule, freeBytes).map(({ id }) => id),
    );
  expect(collect(1000 * GB, 900 * GB)).toEqual([['mount'], [], []]);
  expect(collect(50 * GB, 40 * GB)).toEqual([['mount'], ['old'], ['old']]);
  expect(collect(1000 * GB, 0)).toEqual([['mount'], [], []]);
  expect(collect(100 * GB, 0)).toEqual([['mount'], ['old'], ['old', 'month']]);
  const [quick, aged] = defaultGcRules(1000 * GB, { reservedBytes: 1 * GB });
  expect([quick?.space.maxUsedBytes, aged?.space]).toEqual([
    512e6,
    { reservedBytes: 1 * GB, maxUsedBytes: 800 * GB, minFreeBytes: 200 * GB },
  ]);
  expect(defaultGcRules(1000 * GB)[0]?.space.maxUsedBytes).toBeCloseTo(13.8e9, -8);
});
