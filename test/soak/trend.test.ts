import { describe, expect, test } from 'bun:test';
import type { Usage } from './footprint.ts';
import { seeded } from './random.ts';
import { judgeTrend } from './trend.ts';

function samples(count: number, usage: (at: number) => Partial<Usage>): readonly Usage[] {
  const rest = { memoryKiB: 50_000, descriptors: 20, threads: 9, children: 0 };
  return Array.from({ length: count }, (_none, at) => ({ ...rest, ...usage(at) }));
}

describe('growth between moments of rest', () => {
  test.each([
    ['is none when nothing changes', samples(16, () => ({})), []],
    [
      'is not seen in the warm-up',
      samples(16, (at) => ({ memoryKiB: at < 4 ? 20_000 : 50_000, descriptors: at < 4 ? 5 : 20 })),
      [],
    ],
    ['is not a straggler now and then', samples(16, (at) => ({ descriptors: at % 2 === 0 ? 20 : 23 })), []],
    ['is not one file among many', samples(16, (at) => ({ descriptors: at < 12 ? 21 : 22 })), []],
    ['of files is told', samples(16, (at) => ({ descriptors: 20 + at })), ['descriptors grew from 24 to 32']],
    ['of children is told', samples(4, (at) => ({ children: at })), ['children grew from 1 to 3']],
    [
      'of memory is told',
      samples(16, (at) => ({ memoryKiB: 50_000 + at * 1000 })),
      ['memory grew from 56000 to 64000 KiB'],
    ],
    ['of memory is not judged by a few', samples(8, (at) => ({ memoryKiB: 50_000 + at * 5000 })), []],
    ['cannot be seen in three', samples(3, (at) => ({ children: at })), []],
  ] as const)('%s', (_title, given, wanted) => expect(judgeTrend(given)).toEqual([...wanted]));
});

test('a seed always gives the same numbers, and another one others', () => {
  const numbers = (seed: number): readonly number[] => Array.from({ length: 5 }, seeded(seed));
  expect(numbers(7)).toEqual(numbers(7));
  expect(numbers(8)).not.toEqual(numbers(7));
  expect(numbers(7).every((one) => one >= 0 && one < 1)).toBe(true);
});
