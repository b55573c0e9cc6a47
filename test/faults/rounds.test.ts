import { expect, test } from 'bun:test';
import { runRounds } from './rounds.ts';

// Two hundred rounds: npm run faults.
test('pulls and pushes through a proxy that cuts, delays, corrupts and truncates end right or with a clear error', async () => {
  const { right, told, wrong } = await runRounds(40, 0, () => undefined);
  expect(wrong).toEqual([]);
  expect(right + told).toBe(40);
  expect(right).toBeGreaterThan(10);
  expect(told).toBeGreaterThan(5);
}, 120_000);
