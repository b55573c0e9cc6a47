import { expect, test } from 'bun:test';
import { buildRounds } from './build-rounds.ts';

// Fifty rounds: bun test/crash/build-rounds.ts 50.
test('after a power cut in the middle of a build the next one is right, its cache is true, and nothing is left', async () => {
  const { rounds, problems } = await buildRounds(8, Math.random, () => undefined);
  expect(problems).toEqual([]);
  expect(rounds).toBe(8);
}, 240_000);
