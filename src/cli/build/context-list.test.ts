import { afterAll, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseIgnoreFile } from '../../build/ignore/ignore-file.ts';
import { lsetxattr } from '../../linux/ffi/libc.host.ts';
import { listContext, readContextFile } from './context-list.ts';

const top = mkdtempSync('/tmp/skiff-list-');
afterAll(() => rmSync(top, { recursive: true, force: true }));

for (const name of ['a', 'node_modules/x/keep', 'node_modules/y/drop', 'sub/deep/b', 'sub/c']) {
  mkdirSync(join(top, name, '..'), { recursive: true });
  writeFileSync(join(top, name), name);
}
linkSync(join(top, 'a'), join(top, 'sub/same'));
symlinkSync('../a', join(top, 'sub/link'));
execFileSync('mkfifo', [join(top, 'pipe')]);

const names = (ignore: string): readonly string[] =>
  listContext(top, parseIgnoreFile(ignore)).map(([path, kind]) => `${kind} ${path}`);

test('lists what is not ignored, folders first, pipes left out, later names of a file as hard links', () => {
  expect(names('')).toEqual([
    'f a',
    'd node_modules',
    'd node_modules/x',
    'f node_modules/x/keep',
    'd node_modules/y',
    'f node_modules/y/drop',
    'd sub',
    'f sub/c',
    'd sub/deep',
    'f sub/deep/b',
    'l sub/link',
    'h sub/same',
  ]);
  const [, , , , , more] = listContext(top, []).find(([path]) => path === 'sub/same') ?? [];
  expect(more).toBe('a');
});

test('folders that are ignored come along only for what is wanted in them, once', () => {
  expect(names('node_modules\n!node_modules/x\nsub\n')).toEqual([
    'f a',
    'd node_modules',
    'd node_modules/x',
    'f node_modules/x/keep',
  ]);
  expect(names('*\n!sub/deep/b\n!sub/c\n')).toEqual(['d sub', 'f sub/c', 'd sub/deep', 'f sub/deep/b']);
});

test('the stamp changes with the content, also when size and time do not', () => {
  const stamp = (): unknown => listContext(top, []).find(([path]) => path === 'sub/c')?.[5];
  const before = stamp();
  expect(stamp()).toBe(before ?? '');
  execFileSync('sh', ['-c', `touch -r sub/c ref && printf SUB/c > sub/c && touch -r ref sub/c && rm ref`], {
    cwd: top,
  });
  expect(stamp()).not.toBe(before ?? '');
});

test('a file is read without following links, waiting for pipes, or failing when it is gone', () => {
  expect(Buffer.concat([...(readContextFile(join(top, 'a'))?.content ?? [])]).toString()).toBe('a');
  expect([
    readContextFile(join(top, 'sub/link')),
    readContextFile(join(top, 'pipe')),
    readContextFile(join(top, 'no')),
  ]).toEqual([undefined, undefined, undefined]);
});

test('extended attributes of users come with folders in the list and with the contents of files', () => {
  mkdirSync(join(top, 'marked'));
  writeFileSync(join(top, 'marked/file'), '');
  lsetxattr(join(top, 'marked'), 'user.folder', Buffer.from('1'));
  lsetxattr(join(top, 'marked/file'), 'user.b', Buffer.from('2'));
  lsetxattr(join(top, 'marked/file'), 'user.a', Buffer.from(''));
  lsetxattr(join(top, 'marked/file'), 'trusted.secret', Buffer.from('3'));
  const attributes = Object.fromEntries(listContext(top, []).map(([path, , , , , , text]) => [path, text]));
  expect(attributes).toMatchObject({ marked: '[["user.folder","31"]]', 'marked/file': undefined, sub: undefined });
  expect(readContextFile(join(top, 'marked/file'))?.attributes).toBe('[["user.a",""],["user.b","32"]]');
});
