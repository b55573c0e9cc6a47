import { afterEach, beforeEach, expect, test } from 'bun:test';
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createExtractor } from './extract.ts';
import { packTree } from './pack.ts';
import { createTarParser } from './parser.ts';
import { type NewTarEntry, tarEnd, tarHeader, tarPadding } from './writer.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync('/tmp/skiff-extract-');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function archive(...entries: readonly (NewTarEntry & { readonly content?: string })[]): Uint8Array {
  const blocks = entries.flatMap(({ content = '', ...entry }) => [
    tarHeader({ ...entry, size: content.length }),
    Buffer.from(content),
    tarPadding(content.length),
  ]);
  return Buffer.concat([...blocks, tarEnd()]);
}

function extract(folder: string, bytes: Uint8Array, keepKinds = true): void {
  const { sink, finish } = createExtractor({ folder, keepKinds, owner: undefined });
  const parser = createTarParser(sink);
  parser.write(bytes);
  parser.end();
  finish();
}

test('a packed tree comes out as it was: modes, times, links, hard links, long names', () => {
  const from = join(root, 'from');
  mkdirSync(join(from, 'sub', 'x'.repeat(120)), { recursive: true, mode: 0o751 });
  writeFileSync(join(from, 'f'), 'y'.repeat(700_000), { mode: 0o4640 });
  linkSync(join(from, 'f'), join(from, 'g'));
  symlinkSync('../nowhere', join(from, 'sub', 'l'));
  const to = join(root, 'to');
  mkdirSync(to);
  extract(to, Buffer.concat([...packTree({ path: from, name: 'n' })]));
  expect(readFileSync(join(to, 'n/f'), 'utf8')).toBe('y'.repeat(700_000));
  expect(statSync(join(to, 'n/f')).ino).toBe(statSync(join(to, 'n/g')).ino);
  expect(statSync(join(to, 'n/f')).mode).toBe(statSync(join(from, 'f')).mode);
  expect(Math.floor(statSync(join(to, 'n/sub')).mtimeMs / 1000)).toBe(
    Math.floor(statSync(join(from, 'sub')).mtimeMs / 1000),
  );
  expect(readlinkSync(join(to, 'n/sub/l'))).toBe('../nowhere');
  expect(readdirSync(join(to, 'n/sub')).sort()).toEqual(['l', 'x'.repeat(120)]);
});

test('names and hard links that lead out are refused, and nothing is made outside', () => {
  const folder = join(root, 'in');
  mkdirSync(folder);
  writeFileSync(join(root, 'secret'), 's');
  expect(() => extract(folder, archive({ name: '../out', type: 'file', content: 'x' }))).toThrow('is outside of');
  expect(() => extract(folder, archive({ name: 'a/../../out', type: 'file' }))).toThrow('is outside of');
  expect(() => extract(folder, archive({ name: 'h', type: 'link', linkName: '../secret' }))).toThrow(
    'invalid hardlink',
  );
  expect(existsSync(join(root, 'out'))).toBe(false);
  extract(folder, archive({ name: '/abs', type: 'file', content: 'x' }));
  expect(readFileSync(join(folder, 'abs'), 'utf8')).toBe('x');
});

test('a folder and a file never take the place of each other when kinds are kept', () => {
  mkdirSync(join(root, 'd'));
  writeFileSync(join(root, 'f'), '');
  expect(() => extract(root, archive({ name: 'd', type: 'file' }))).toThrow('cannot overwrite directory');
  expect(() => extract(root, archive({ name: 'f/', type: 'directory' }))).toThrow('cannot overwrite non-directory');
  extract(root, archive({ name: 'd', type: 'file', content: 'now a file' }), false);
  expect(readFileSync(join(root, 'd'), 'utf8')).toBe('now a file');
});

test('a file takes the place of a link instead of writing through it', () => {
  writeFileSync(join(root, 'target'), 'old');
  symlinkSync('target', join(root, 'l'));
  extract(root, archive({ name: 'l', type: 'file', content: 'new' }));
  expect(readFileSync(join(root, 'target'), 'utf8')).toBe('old');
  expect(readFileSync(join(root, 'l'), 'utf8')).toBe('new');
});
