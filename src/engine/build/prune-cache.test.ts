import { expect, test } from 'bun:test';
import type { Filters } from '../../api/filters.ts';
import { parseDigest } from '../../oci/digest.ts';
import { createFakeContentStore } from '../../store/content/content-store.fake.ts';
import { createBuildCache } from '../../store/record/build-cache.host.ts';
import { openDatabase } from '../../store/record/database.host.ts';
import { pruneCache } from './prune-cache.ts';

const NOW = 10 * 3_600_000;

/** Entries `kept` and `used` (an image has their layer) and `gone` (none has). */
async function world() {
  let now = 0;
  const cache = createBuildCache(openDatabase(':memory:'), () => now);
  const content = createFakeContentStore();
  const { digest } = await content.write(
    (async function* () {
      yield Buffer.from('layer');
    })(),
  );
  const layer = (of: typeof digest, size: number) => ({
    descriptor: { mediaType: 'layer', digest: of, size },
    diffId: of as never,
  });
  cache.keepLayer('kept', layer(digest, 5), 'RUN kept');
  cache.keepLayer('used', layer(digest, 5), 'RUN used');
  cache.keepLayer('gone', layer(parseDigest(`sha256:${'a'.repeat(64)}`), 9), 'RUN gone');
  now = NOW;
  cache.countUse('used');
  return { cache, content, now: () => NOW };
}

const CASES: readonly (readonly [string, Record<string, string[]>, boolean, number, readonly string[]])[] = [
  ['without all, entries that are of no use', {}, false, 0, ['gone']],
  ['with all, every entry', {}, true, 0, ['kept', 'used', 'gone']],
  ['room for the cache keeps all of it, since it takes none', {}, true, 1, []],
  ['until: not those used since', { until: ['1h'] }, true, 0, ['kept', 'gone']],
  ['id: those whose id begins so', { id: ['ke', 'us'] }, true, 0, ['kept', 'used']],
  ['description', { description: ['RUN kept'] }, true, 0, ['kept']],
  ['type regular', { type: ['regular'] }, true, 0, ['kept', 'used', 'gone']],
  ['type source.local', { type: ['source.local'] }, true, 0, []],
  ['shared', { shared: ['1'] }, true, 0, ['kept', 'used']],
  ['private', { private: ['1'] }, true, 0, ['gone']],
  ['inuse: none is', { inuse: ['1'] }, true, 0, []],
  ['label: none has any', { label: ['x'] }, true, 0, []],
  ['label!', { 'label!': ['x'] }, true, 0, ['kept', 'used', 'gone']],
  ['all filters must take an entry', { id: ['kept'], private: ['1'] }, true, 0, []],
];

for (const [title, filters, all, keepBytes, removed] of CASES)
  test(`pruning the build cache takes ${title}`, async () => {
    const here = await world();
    const given: Filters = new Map(Object.entries(filters));
    expect(await pruneCache(here, { all, keepBytes, filters: given })).toEqual(removed);
    expect(here.cache.list().map(({ key }) => key)).toEqual(
      ['kept', 'used', 'gone'].filter((key) => !removed.includes(key)),
    );
  });
