import { expect, test } from 'bun:test';
import { createCacheLocks } from './cache-locks.ts';

const { signal } = new AbortController();

test('shared users hold one folder together', async () => {
  const locks = createCacheLocks();
  using one = await locks.take('a', 'shared', signal);
  using two = await locks.take('a', 'shared', signal);
  expect([one.name, two.name, locks.isTaken('a')]).toEqual(['a', 'a', true]);
});

test('a private user gets another folder while one is held, and the first again afterwards', async () => {
  const locks = createCacheLocks();
  const one = await locks.take('a', 'private', signal);
  using two = await locks.take('a', 'private', signal);
  one[Symbol.dispose]();
  using three = await locks.take('a', 'private', signal);
  expect([one.name, two.name, three.name]).toEqual(['a', 'a-1', 'a']);
});

test('locked users go one after the other, and one that leaves is passed over', async () => {
  const locks = createCacheLocks();
  const order: string[] = [];
  const first = await locks.take('a', 'locked', signal);
  const leaver = new AbortController();
  const left = locks.take('a', 'locked', leaver.signal).catch(() => order.push('left'));
  const second = locks.take('a', 'locked', signal).then((held) => {
    order.push('second');
    held[Symbol.dispose]();
  });
  leaver.abort(new Error('gone'));
  await left;
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  await second;
  expect([order, locks.isTaken('a')]).toEqual([['left', 'second'], false]);
});
