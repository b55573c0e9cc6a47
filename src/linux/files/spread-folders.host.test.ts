import { afterAll, expect, test } from 'bun:test';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { readInodeFlags } from '../ffi/libc.host.ts';
import { spreadFolders } from './spread-folders.host.ts';

const EXT4_MAGIC = 0xef53;
const root = mkdtempSync('/var/tmp/skiff-spread-');
afterAll(() => rmSync(root, { recursive: true }));

test('a folder is marked where the file system knows the mark, and left as it is elsewhere', () => {
  const folder = join(root, 'f');
  mkdirSync(folder);
  for (const path of [folder, folder, '/proc', '/dev/shm']) spreadFolders(path);
  const fd = openSync(folder, 'r');
  const isMarked = (readInodeFlags(fd) & 0x20000) !== 0;
  closeSync(fd);
  expect(isMarked).toBe(statfsSync(root).type === EXT4_MAGIC);
});
