import { median } from '../../bench/measure.ts';
import type { Usage } from './footprint.ts';

/** Fewer say nothing about memory, which takes its time to find its level. */
const FEWEST_FOR_MEMORY = 12;
const MOST_GROWTH = 0.1;

/**
 * What grew between moments of rest, in the order of time. The first quarter is warm-up; the second is compared with the last: memory by
 * its median, what is counted by its lowest, which a leak lifts and a straggler does not. A tenth more is none: no rest is complete.
 */
export function judgeTrend(samples: readonly Usage[]): readonly string[] {
  const quarter = Math.floor(samples.length / 4);
  if (quarter === 0) return [];
  const [early, late] = [samples.slice(quarter, 2 * quarter), samples.slice(-quarter)];
  const memory = (of: readonly Usage[]): number => median(of.map(({ memoryKiB }) => memoryKiB));
  const [was, is] = [memory(early), memory(late)];
  const counted = (['descriptors', 'threads', 'children'] as const).flatMap((what) => {
    const lowest = (of: readonly Usage[]): number => Math.min(...of.map((usage) => usage[what]));
    return lowest(late) > lowest(early) * (1 + MOST_GROWTH)
      ? [`${what} grew from ${lowest(early)} to ${lowest(late)}`]
      : [];
  });
  const grew = samples.length >= FEWEST_FOR_MEMORY && is > was * (1 + MOST_GROWTH);
  return [...counted, ...(grew ? [`memory grew from ${was} to ${is} KiB`] : [])];
}
