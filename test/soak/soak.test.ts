import { expect, test } from 'bun:test';
import { soak } from './soak.ts';

// Half an hour: npm run soak.
test('random operations of several clients find everything as it must be, and leave nothing', async () => {
  const seed = Math.floor(Math.random() * 1_000_000);
  const { samples, problems } = await soak({
    seed,
    operations: 12,
    isOver: (rounds) => rounds === 2,
    tell: () => undefined,
  });
  expect(problems.map((problem) => `seed ${seed}: ${problem}`)).toEqual([]);
  expect(samples).toHaveLength(2);
}, 240_000);
