import { expect, test } from 'bun:test';
import type { TreeEntry } from '../../linux/build/tree-entry.ts';
import { selectFiles } from './select.ts';
import { createTree } from './tree.ts';

function entry(path: string, more: Partial<TreeEntry> = {}): TreeEntry {
  const none = { link: '', xattrs: '', sameAs: '', owner: '', mtime: 0, offset: 0 };
  return { ...none, path, type: 'file', mode: 0o644, size: 0, hash: path, ...more };
}
const folder = (path: string): TreeEntry => entry(path, { type: 'directory', hash: '' });
const link = (path: string, to: string): TreeEntry => entry(path, { type: 'symlink', link: to, hash: '' });

const TREE = createTree([
  folder('/'),
  entry('/a.txt'),
  entry('/b.txt'),
  entry('/c.log'),
  folder('/d'),
  entry('/d/one'),
  folder('/d/deep'),
  entry('/d/deep/two'),
  entry('/d/deep/x.log'),
  link('/soft', 'd'),
  link('/d/file', '../a.txt'),
  link('/up', '../../../d/one'),
  link('/abs', '/d/deep'),
  link('/nowhere', 'missing'),
  link('/round', 'round'),
  entry('/w[1]'),
]);

/** `name=path` for files, `path: entries` for what is in folders. */
function select(
  paths: readonly string[],
  more: { excludes?: readonly string[]; parents?: boolean } = {},
): readonly string[] {
  const step = { paths, excludes: [], parents: false, instruction: 'COPY', ...more } as const;
  return selectFiles(TREE, step).map((selection) =>
    selection.kind === 'file'
      ? `${selection.name}=${selection.entry.path}`
      : `${selection.path}: ${selection.files.map(({ relative }) => relative).join(' ')}${selection.whole ? '' : ' (not all)'}`,
  );
}

const CASES: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['a file', ['a.txt'], ['a.txt=/a.txt']],
  ['a path that leads out stays at the root', ['../../a.txt'], ['a.txt=/a.txt']],
  ['what is in a folder', ['/d/'], ['/d: deep deep/two deep/x.log file one']],
  ['a wildcard within one part of a path', ['*.txt'], ['a.txt=/a.txt', 'b.txt=/b.txt']],
  ['two stars are one', ['d/**/two'], ['two=/d/deep/two']],
  ['a wildcard that matches nothing', ['z*', 'z/*/y'], []],
  ['a class, and one that is escaped', ['[ab].txt', 'w\\[1\\]'], ['a.txt=/a.txt', 'b.txt=/b.txt', 'w[1]=/w[1]']],
  [
    'links that are named, under their own names',
    ['soft', 'd/file', 'abs'],
    ['/d: deep deep/two deep/x.log file one', 'file=/a.txt', '/d/deep: two x.log'],
  ],
  ['a link that leads out stays at the root', ['up'], ['up=/d/one']],
  ['a path through a link', ['soft/deep/two'], ['two=/d/deep/two']],
  ['links to nothing are no match', ['n*', 'r*'], []],
];
for (const [title, paths, expected] of CASES)
  test(`a copy takes ${title}`, () => expect(select(paths)).toEqual([...expected]));

test('excludes leave out what is in folders, and files by their names', () => {
  expect(select(['d'], { excludes: ['**/*.log'] })).toEqual(['/d: deep deep/two file one (not all)']);
  expect(select(['*.log', 'a.txt'], { excludes: ['*.log'] })).toEqual(['a.txt=/a.txt']);
  expect(select(['d'], { excludes: ['deep', '!deep/two'] })).toEqual(['/d: deep deep/two file one (not all)']);
});

test('with parents the folders on the way stay, from the pivot on', () => {
  expect(select(['d/deep/two'], { parents: true })).toEqual(['/: d d/deep d/deep/two (not all)']);
  expect(select(['d/./deep/two'], { parents: true })).toEqual(['/d: deep deep/two (not all)']);
  expect(select(['**/*.log'], { parents: true })).toEqual(['/: c.log d d/deep d/deep/x.log (not all)']);
  expect(select(['d/deep'], { parents: true })).toEqual(['/: d d/deep d/deep/two d/deep/x.log (not all)']);
});

test('a path without wildcards must be there', () => {
  const missing = ['missing', 'nowhere', 'round', 'd/missing/x'];
  for (const path of missing) expect(() => select([path])).toThrow('file does not exist');
  expect(() => select(['d/nothing'], { parents: true })).toThrow('file does not exist');
});
