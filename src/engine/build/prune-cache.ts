import type { Filters } from '../../api/filters.ts';
import { parseUntil } from '../image/filter.ts';
import { findNeeded } from '../image/needed.ts';
import type { BuildDeps } from './deps.ts';
import { notYet } from './errors.ts';
import type { PruneOptions, PruneReport, SpaceLimits } from './service.ts';

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
  'unused-for',
];

/** BuildKit's words for files of a client. */
export const KEPT_CONTEXT = 'local source for context';

/** A cached step, a cache mount, or files of a client, and what it takes. Times in milliseconds since the epoch. */
export interface CacheSubject {
  readonly id: string;
  readonly type: 'regular' | 'exec.cachemount' | 'source.local';
  readonly description: string;
  /** An image has its layer too: to forget it frees nothing. */
  readonly shared: boolean;
  readonly inUse: boolean;
  /** Bytes that are the cache's alone. */
  readonly ownBytes: number;
  readonly usedAtMs: number;
}

type PruneDeps = Pick<
  BuildDeps,
  'cache' | 'cacheMounts' | 'keptContexts' | 'folders' | 'layers' | 'records' | 'catalog' | 'now' | 'freeBytes'
>;

/** Forgets what {@link choosePrune} chooses; whoever calls collects afterwards. Errors: those of the filters. */
export async function pruneCache(
  deps: PruneDeps,
  options: PruneOptions,
  isTaken: (name: string) => boolean,
): Promise<PruneReport> {
  const takes = cacheFilter(options.filters, deps.now());
  const subjects = await listSubjects(deps, isTaken);
  const doomed = choosePrune(subjects, takes, options, deps.freeBytes());
  deps.cache.remove(doomed.filter(({ type }) => type === 'regular').map(({ id }) => id));
  for (const { id, type } of doomed) {
    if (type === 'source.local') deps.keptContexts.remove(id);
    if (type !== 'exec.cachemount') continue;
    deps.folders.removeCache(id);
    deps.cacheMounts.remove(id);
  }
  return {
    deleted: doomed.map(({ id }) => id),
    reclaimedBytes: doomed.reduce((sum, { ownBytes }) => sum + ownBytes, 0),
  };
}

/** Everything that the cache holds. */
export async function listSubjects(
  deps: Pick<PruneDeps, 'cache' | 'cacheMounts' | 'keptContexts' | 'folders' | 'layers' | 'records' | 'catalog'>,
  isTaken: (name: string) => boolean,
): Promise<readonly CacheSubject[]> {
  const needed = await findNeeded(deps.catalog, deps.records.list());
  const counted = new Set<string>();
  const steps = deps.cache.list().map(({ key, layer, description, createdAtMs, usedAtMs }): CacheSubject => {
    const { descriptor, chain } = layer;
    const shared = needed.blobs.has(descriptor.digest);
    const unpacked = chain !== undefined && deps.layers.isUnpacked(chain) ? deps.layers.layerSizeBytes(chain) : 0;
    const own = shared || counted.has(descriptor.digest) ? 0 : descriptor.size + unpacked;
    counted.add(descriptor.digest);
    return {
      id: key,
      type: 'regular',
      description,
      shared,
      inUse: false,
      ownBytes: own,
      usedAtMs: usedAtMs ?? createdAtMs,
    };
  });
  const mounts = deps.cacheMounts.list().map(
    async ({ name, id, usedAtMs }): Promise<CacheSubject> => ({
      id: name,
      type: 'exec.cachemount',
      description: `cached mount ${id}`,
      shared: false,
      inUse: isTaken(name),
      ownBytes: await deps.folders.cacheBytes(name),
      usedAtMs,
    }),
  );
  const contexts = deps.keptContexts.list().map(
    ({ name, bytes, usedAtMs, inUse }): CacheSubject => ({
      id: name,
      type: 'source.local',
      description: KEPT_CONTEXT,
      shared: false,
      inUse,
      ownBytes: bytes,
      usedAtMs,
    }),
  );
  return [...steps, ...(await Promise.all(mounts)), ...contexts];
}

/**
 * What goes: of those that the filters take and nobody uses (without `all` none that an image shares), those used longest ago, until the rest
 * fits. Pure.
 */
export function choosePrune(
  subjects: readonly CacheSubject[],
  takes: (subject: CacheSubject) => boolean,
  { all, space }: Pick<PruneOptions, 'all' | 'space'>,
  freeBytes: number,
): readonly CacheSubject[] {
  const total = subjects.reduce((sum, { ownBytes }) => sum + ownBytes, 0);
  const keep = keptBytes(space, total, freeBytes);
  let left = total;
  const doomed: CacheSubject[] = [];
  for (const subject of subjects.toSorted((a, b) => a.usedAtMs - b.usedAtMs)) {
    if (subject.inUse || (subject.shared && !all) || !takes(subject)) continue;
    if (keep !== undefined && left <= keep) break;
    left -= subject.ownBytes;
    doomed.push(subject);
  }
  return doomed;
}

/** As BuildKit counts it (util/disk, worker gc): undefined keeps nothing that is asked for. */
function keptBytes(
  { reservedBytes, maxUsedBytes, minFreeBytes }: SpaceLimits,
  total: number,
  freeBytes: number,
): number | undefined {
  if (maxUsedBytes === 0 && minFreeBytes === 0) return reservedBytes === 0 ? undefined : reservedBytes;
  let keep = total;
  if (maxUsedBytes > 0) keep = Math.min(keep, maxUsedBytes);
  if (minFreeBytes > freeBytes) keep = Math.min(keep, total - (minFreeBytes - freeBytes));
  return Math.max(keep, reservedBytes);
}

/** Every key must take it, any value of one key does. Errors: invalid_parameter, not_implemented. */
export function cacheFilter(filters: Filters, nowMs: number): (subject: CacheSubject) => boolean {
  const tests = [...filters].map(([key, values]): ((subject: CacheSubject) => boolean) => {
    switch (key) {
      case 'until':
      case 'unused-for': {
        const before = parseUntil(values, nowMs);
        return ({ usedAtMs }) => usedAtMs < before;
      }
      case 'id':
        return ({ id }) => values.some((value) => id.startsWith(value));
      case 'description':
        return ({ description }) => values.includes(description);
      case 'type':
        return ({ type }) => values.includes(type);
      case 'inuse':
        return ({ inUse }) => inUse;
      // Entries have no parents and no labels.
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
