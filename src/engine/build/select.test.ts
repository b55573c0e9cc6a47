import { describe, expect, test } from 'bun:test';
import type { TarHeader } from '../../lib/tar/header.ts';
import { filesHash } from './cache-key.ts';
import type { ContextEntry } from './context.ts';
import { findSources, placeFiles } from './select.ts';

function entry(type: TarHeader['type'], more: Partial<TarHeader> = {}): ContextEntry {
  const header = {
    name: '',
    type,
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: 0,
    mtime: 0,
    linkName: '',
    deviceMajor: 0,
    deviceMinor: 0,
    xattrs: {},
  };
  return { header: { ...header, ...more }, offset: 0, contentHash: type === 'file' ? 'aa' : '' };
}

const ENTRIES = new Map<string, ContextEntry>([
  ['/a.txt', entry('file')],
  ['/b.txt', entry('file')],
  ['/dir/sub/f', entry('file')],
  ['/dir/g', entry('file')],
  ['/link', entry('symlink', { linkName: 'dir/g' })],
  ['/out', entry('symlink', { linkName: '../../../dir' })],
  ['/ring', entry('symlink', { linkName: 'ring' })],
]);

function placed(paths: readonly string[], destination: string, intoFolder: boolean): readonly string[] {
  const sources = findSources(ENTRIES, paths, 'COPY');
  return placeFiles(ENTRIES, sources, destination, intoFolder).map(({ target }) => target);
}

describe('files that a COPY takes', () => {
  const cases: readonly (readonly [readonly string[], string, boolean, readonly string[]])[] = [
    [['a.txt'], '/x', false, ['/x']],
    [['a.txt'], '/x/', true, ['/x/a.txt']],
    [['/../../a.txt'], '/x', false, ['/x']],
    [['dir'], '/x', false, ['/x/sub/f', '/x/g']],
    [['dir/'], '/', true, ['/sub/f', '/g']],
    [['*.txt'], '/x/', true, ['/x/a.txt', '/x/b.txt']],
    [['d*/s?b'], '/x/', true, ['/x/f']],
    [['link'], '/x/', true, ['/x/link']],
    [['out/sub'], '/x/', true, ['/x/f']],
  ];
  for (const [paths, destination, intoFolder, wanted] of cases) {
    test(`${paths.join(' ')} to ${destination}`, () =>
      expect(placed(paths, destination, intoFolder)).toEqual([...wanted]));
  }

  test('everything', () => expect(placed(['.'], '/c', false).length).toBe(ENTRIES.size));

  test('what is not there is an error, also behind a link that leads in a ring', () => {
    expect(() => placed(['nope'], '/x', false)).toThrow(
      'COPY failed: file not found in build context or excluded by .dockerignore: stat nope: file does not exist',
    );
    expect(() => placed(['ring'], '/x', false)).toThrow('stat ring: file does not exist');
    expect(() => placed(['*.md'], '/x/', true)).toThrow('COPY failed: no source files were specified');
  });
});

describe('the hash of files', () => {
  const hash = (one: ContextEntry): string => filesHash([{ target: '/x', entry: one, named: true }]);

  test('leaves out times and takes in everything else', () => {
    const plain = hash(entry('file'));
    expect(hash(entry('file', { mtime: 5 }))).toBe(plain);
    for (const more of [
      { mode: 0o755 },
      { uid: 1 },
      { gid: 1 },
      { size: 1 },
      { xattrs: { 'user.a': new Uint8Array([1]) } },
    ])
      expect(hash(entry('file', more))).not.toBe(plain);
    expect(hash({ ...entry('file'), contentHash: 'bb' })).not.toBe(plain);
  });
});
