import { expect, test } from 'bun:test';
import { scale } from './scale.ts';

// 200: bun test/soak/scale.ts.
test('30 containers started at once all answer, and removed they leave nothing', async () => {
  const { answered, problems } = await scale(30, () => undefined);
  expect(problems).toEqual([]);
  expect(answered).toBe(30);
}, 240_000);
