import { expect, test } from 'bun:test';
import { crashRounds } from './rounds.ts';

// A hundred rounds: npm run crash.
test('a daemon killed at any moment and started again has lost nothing and leaves nothing', async () => {
  const { rounds, operations, problems } = await crashRounds(8, Math.random, () => undefined);
  expect(problems).toEqual([]);
  expect(rounds).toBe(8);
  expect(operations).toBeGreaterThan(8);
}, 120_000);
