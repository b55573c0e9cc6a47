import { afterAll, expect, test } from 'bun:test';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { driverSuite } from './driver.suite.ts';
import { createFilesystemDriver } from './filesystem-driver.host.ts';
import { createMemoryDriver } from './memory-driver.ts';

const root = mkdtempSync(join(tmpdir(), 'skiff-driver-'));
let count = 0;
afterAll(() => rmSync(root, { recursive: true, force: true }));

driverSuite('memory', async () => createMemoryDriver({ now: Date.now }));
driverSuite('filesystem', async () => createFilesystemDriver({ root: join(root, String(count++)) }));

test('the filesystem driver leaves nothing temporary behind and removes at start what a crash left', async () => {
  const own = join(root, String(count++));
  const left = join(own, '.temporary/left');
  mkdirSync(left, { recursive: true });
  writeFileSync(join(left, 'part'), 'x');
  const driver = createFilesystemDriver({ root: own });
  expect(existsSync(left)).toBe(false);
  await driver.write('a/b', '1');
  await driver.remove('a');
  expect(readdirSync(join(own, '.temporary'))).toEqual([]);
});

test('a write that fails leaves the old content and nothing temporary', async () => {
  const own = join(root, String(count++));
  const driver = createFilesystemDriver({ root: own });
  await driver.write('taken/by/file', '1');
  const failure = await driver.write('taken/by', '2').then(
    () => 'written',
    () => 'failed',
  );
  expect(failure).toBe('failed');
  expect(Buffer.from(await driver.read('taken/by/file')).toString()).toBe('1');
  expect(readdirSync(join(own, '.temporary'))).toEqual([]);
});
