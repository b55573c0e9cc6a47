import { expect, test } from 'bun:test';
import { networkRounds } from './network-rounds.ts';

// Two hundred rounds: bun test/crash/network-rounds.ts 200.
test('after SIGKILL in the middle of work on networks kernel and daemon agree, and nothing is left', async () => {
  const { rounds, problems } = await networkRounds(10, Math.random, () => undefined);
  expect(problems).toEqual([]);
  expect(rounds).toBe(10);
}, 240_000);
