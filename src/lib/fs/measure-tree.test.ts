import { afterAll, expect, test } from 'bun:test';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureTree } from './measure-tree.ts';

const root = mkdtempSync(join(tmpdir(), 'measure-'));
afterAll(() => rmSync(root, { recursive: true }));

function du(...options: readonly string[]): number {
  const { stdout } = Bun.spawnSync(['du', '-s', '-B1', ...options, root]);
  return Number(stdout.toString().split('\t')[0]);
}

test('a tree measures what du says of it: hard links once, holes as nothing, links by themselves, folders too', async () => {
  mkdirSync(join(root, 'a/b/c'), { recursive: true });
  writeFileSync(join(root, 'a/plain'), 'x'.repeat(10_000));
  linkSync(join(root, 'a/plain'), join(root, 'a/b/same'));
  writeFileSync(join(root, 'a/b/sparse'), 'x');
  truncateSync(join(root, 'a/b/sparse'), 5_000_000);
  symlinkSync('/etc/passwd', join(root, 'a/short'));
  symlinkSync(`/${'long/'.repeat(60)}`, join(root, 'a/long'));
  const { files, folders, fileBytes, apparentBytes, diskBytes } = await measureTree(root);
  expect([apparentBytes, diskBytes]).toEqual([du('--apparent-size'), du()]);
  expect({ files, folders, fileBytes }).toEqual({ files: 4, folders: 4, fileBytes: 10_000 + 5_000_000 + 11 + 301 });
});

test('what is not there takes nothing', async () => {
  expect((await measureTree(join(root, 'nothing'))).files).toBe(0);
});
