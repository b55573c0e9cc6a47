import type { Filters } from '../../api/filters.ts';
import type { SpaceLimits } from './service.ts';

/** One pass over the build cache: of what `types` and `unusedMs` take, those used longest ago go until the rest fits `space`. */
export interface GcRule {
  /** None: all. */
  readonly types: readonly string[];
  /** Milliseconds that an entry must not have been used; 0: any. */
  readonly unusedMs: number;
  /** What images share goes too. */
  readonly all: boolean;
  readonly space: SpaceLimits;
}

export interface GcSettings {
  /** Bytes that may always stay; undefined: a tenth of the disk. */
  readonly reservedBytes?: number;
  /** Undefined: eight tenths of the disk. */
  readonly maxUsedBytes?: number;
  /** Undefined: two tenths of the disk. */
  readonly minFreeBytes?: number;
}

const HOUR_MS = 3_600_000;
const MEBIBYTES_512 = 512e6;
/** Of what may stay, the part for what is quickly made again; BuildKit's e * pi * phi percent (worker/gc.go). */
const QUICK_PART = (Math.E * Math.PI * ((1 + Math.sqrt(5)) / 2)) / 100;
/** Files of clients, cache mounts, checkouts. */
const QUICK_TYPES = ['source.local', 'exec.cachemount', 'source.git.checkout'];

/** The rules of dockerd without `builder.gc.policy`, in the order in which they are applied. Its last one takes internal records, which this cache has none of. `diskBytes`: of the data root's file system. Pure. */
export function defaultGcRules(diskBytes: number, settings: GcSettings = {}): readonly GcRule[] {
  const space: SpaceLimits = {
    reservedBytes: settings.reservedBytes ?? Math.round(diskBytes / 10),
    maxUsedBytes: settings.maxUsedBytes ?? Math.round((diskBytes * 8) / 10),
    minFreeBytes: settings.minFreeBytes ?? Math.round((diskBytes * 2) / 10),
  };
  const quickBytes = Math.max(Math.round(space.reservedBytes * QUICK_PART), MEBIBYTES_512);
  const quick = { reservedBytes: 0, maxUsedBytes: quickBytes, minFreeBytes: 0 };
  return [
    { types: QUICK_TYPES, unusedMs: 48 * HOUR_MS, all: false, space: quick },
    { types: [], unusedMs: 60 * 24 * HOUR_MS, all: false, space },
    { types: [], unusedMs: 0, all: false, space },
  ];
}

/** The same as filters of a prune. */
export function filtersOf({ types, unusedMs }: GcRule): Filters {
  const filters = new Map<string, string[]>();
  if (types.length > 0) filters.set('type', [...types]);
  if (unusedMs > 0) filters.set('unused-for', [`${unusedMs}ms`]);
  return filters;
}
