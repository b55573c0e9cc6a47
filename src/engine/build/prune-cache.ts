import type { Filters } from '../../api/filters.ts';
import type { BuildCacheEntry } from '../../store/record/build-cache.ts';
import { parseUntil } from '../image/filter.ts';
import type { BuildDeps } from './deps.ts';
import { notYet } from './errors.ts';

/** Keys of `filters` in POST /build/prune. */
export const CACHE_FILTERS = [
  'description',
  'id',
  'inuse',
  'label',
  'label!',
  'parent',
  'private',
  'shared',
  'type',
  'until',
];

/** An entry, and whether its layer is there, which is then an image's too. */
export interface CacheSubject {
  readonly entry: BuildCacheEntry;
  readonly shared: boolean;
}

/**
 * Forgets entries of the build cache: with `all` every one that the filters take, else those that are of no use any more. Nothing is
 * freed by that: the layers are of images. `keepBytes`: as much of the cache may stay as it takes of its own, which is nothing, so that
 * any such number keeps everything. Resolves with the ids of the entries.
 */
export async function pruneCache(
  { cache, content, now }: Pick<BuildDeps, 'cache' | 'content' | 'now'>,
  { all, keepBytes, filters }: { readonly all: boolean; readonly keepBytes: number; readonly filters: Filters },
): Promise<readonly string[]> {
  const takes = cacheFilter(filters, now());
  if (keepBytes > 0) return [];
  const doomed: string[] = [];
  for (const entry of cache.list()) {
    const { digest, size } = entry.layer.descriptor;
    const shared = await content.has(digest, size);
    if ((all || !shared) && takes({ entry, shared })) doomed.push(entry.key);
  }
  cache.remove(doomed);
  return doomed;
}

/** Every key must take it, any value of one key does. Errors: invalid_parameter, not_implemented. */
export function cacheFilter(filters: Filters, nowMs: number): (subject: CacheSubject) => boolean {
  const tests = [...filters].map(([key, values]): ((subject: CacheSubject) => boolean) => {
    switch (key) {
      case 'until': {
        const before = parseUntil(values, nowMs);
        return ({ entry }) => (entry.usedAtMs ?? entry.createdAtMs) < before;
      }
      case 'id':
        return ({ entry }) => values.some((value) => entry.key.startsWith(value));
      case 'description':
        return ({ entry }) => values.includes(entry.description);
      case 'type':
        return () => values.includes('regular');
      // Entries are in nobody's use, have no parents and no labels.
      case 'inuse':
      case 'label':
      case 'parent':
        return () => false;
      case 'label!':
        return () => true;
      case 'shared':
        return ({ shared }) => shared;
      case 'private':
        return ({ shared }) => !shared;
      default:
        throw notYet(`the filter ${key}`);
    }
  });
  return (subject) => tests.every((test) => test(subject));
}
