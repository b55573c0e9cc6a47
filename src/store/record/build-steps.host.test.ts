import { expect, test } from 'bun:test';
import { createBuildSteps } from './build-steps.host.ts';
import { createCacheMounts } from './cache-mounts.host.ts';
import { openDatabase } from './database.host.ts';

const step = (place: string, instruction: string, atMs: number) => ({
  place,
  instruction,
  inputs: [['n', String(atMs)]] as const,
  build: { name: 'b', atMs },
});

test('steps are found by place or instruction, latest first, a few of each', () => {
  const steps = createBuildSteps(openDatabase(':memory:'));
  for (let n = 1; n <= 7; n++) steps.keep(step('s 0', 'RUN a', n));
  steps.keep(step('t 0', 'RUN a', 8));
  steps.keep(step('u 0', 'RUN b', 9));
  const found = steps.like({ place: 's 0', instruction: 'RUN a' });
  expect(found.map(({ build }) => build.atMs)).toEqual([8, 7, 6, 5, 4]);
  expect(found[0]).toEqual(step('t 0', 'RUN a', 8));
});

test('cache mounts are counted and listed, those used longest ago first', () => {
  let now = 1;
  const mounts = createCacheMounts(openDatabase(':memory:'), () => now++);
  mounts.use({ name: 'x', id: 'one' });
  mounts.use({ name: 'y', id: 'two' });
  mounts.use({ name: 'x', id: 'one' });
  expect(mounts.list()).toEqual([
    { name: 'y', id: 'two', createdAtMs: 2, usedAtMs: 2, uses: 1 },
    { name: 'x', id: 'one', createdAtMs: 1, usedAtMs: 3, uses: 2 },
  ]);
  mounts.remove('y');
  expect(mounts.list().map(({ name }) => name)).toEqual(['x']);
});
