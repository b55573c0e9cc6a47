import { afterAll, expect, test } from 'bun:test';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTrash } from './trash.ts';

const unexpected = (what: string, error: unknown): never => {
  throw new Error(what, { cause: error });
};

const root = mkdtempSync(join(tmpdir(), 'trash-'));
afterAll(() => rmSync(root, { recursive: true }));

test('what is put into the trash is gone from its place at once, and from the disk when it is emptied', async () => {
  const trash = createTrash(join(root, 'trash'), unexpected);
  mkdirSync(join(root, 'tree/below'), { recursive: true });
  writeFileSync(join(root, 'tree/below/file'), 'x');
  trash.put(join(root, 'tree'));
  expect(existsSync(join(root, 'tree'))).toBe(false);
  expect(readdirSync(join(root, 'trash'))).toHaveLength(1);
  await Promise.all([trash.empty(), trash.empty()]);
  expect(readdirSync(join(root, 'trash'))).toEqual([]);
});

test('what an earlier owner left in the trash goes when it is emptied', async () => {
  mkdirSync(join(root, 'left/old'), { recursive: true });
  await createTrash(join(root, 'left'), unexpected).empty();
  expect(readdirSync(join(root, 'left'))).toEqual([]);
});

test('what is not there is no failure, what cannot be moved is', () => {
  const trash = createTrash(join(root, 'other'), unexpected);
  trash.put(join(root, 'nothing'));
  expect(() => trash.put('/proc/self/status')).toThrow();
});

test('what cannot be removed is told of and does not keep the rest', async () => {
  const folder = join(root, 'stuck');
  const told: string[] = [];
  const trash = createTrash(folder, (what) => told.push(what));
  for (const name of ['held', 'free']) mkdirSync(join(folder, name));
  Bun.spawnSync(['mount', '-t', 'tmpfs', 'none', join(folder, 'held')]);
  try {
    await trash.empty();
    expect(readdirSync(folder)).toEqual(['held']);
    expect(told).toEqual([`removing ${join(folder, 'held')}`]);
  } finally {
    Bun.spawnSync(['umount', join(folder, 'held')]);
  }
  await trash.empty();
  expect(readdirSync(folder)).toEqual([]);
});
