import { expect, test } from 'bun:test';
import { composeRanges, toDisk, toSeen } from './id-map.ts';

const MAP = [
  { disk: 0, seen: 100_000, count: 1000 },
  { disk: 1000, seen: 500_000, count: 10 },
];

test('numbers go through the range that has them, and back', () => {
  expect([0, 999, 1000, 1009, 1010].map((id) => toSeen(MAP, id))).toEqual([
    100_000,
    100_999,
    500_000,
    500_009,
    undefined,
  ]);
  expect([100_000, 500_009, 0].map((id) => toDisk(MAP, id))).toEqual([0, 1009, undefined]);
});

test('two maps make one, cut where the second has no more', () => {
  expect(composeRanges([{ disk: 7, seen: 995, count: 100 }], MAP)).toEqual([
    { disk: 7, seen: 100_995, count: 5 },
    { disk: 12, seen: 500_000, count: 10 },
  ]);
  expect(composeRanges([{ disk: 0, seen: 5000, count: 1 }], MAP)).toEqual([]);
});
