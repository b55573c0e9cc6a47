import { expect, test } from 'bun:test';
import { imageRounds } from '../../crash/image-rounds.ts';

// More rounds: node_modules/.bin/bun test/crash/image-rounds.ts 100; without the kills: ... 20 stress.
test('a daemon killed in the middle of work on images heals: what was acknowledged is there, records and files agree, nothing is left', async () => {
  const { rounds, operations, problems } = await imageRounds(10, {
    kill: true,
    random: Math.random,
    tell: () => undefined,
  });
  expect(problems).toEqual([]);
  expect(rounds).toBe(10);
  expect(operations).toBeGreaterThan(20);
}, 240_000);

test('images that are pulled, built, loaded, committed, saved and removed all at once lose no layer to a collection in between', async () => {
  const { rounds, problems, cutOff } = await imageRounds(3, {
    kill: false,
    random: Math.random,
    tell: () => undefined,
  });
  expect(problems).toEqual([]);
  expect([rounds, cutOff]).toEqual([3, 0]);
}, 240_000);
