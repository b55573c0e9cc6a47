import { describe, expect, test } from 'bun:test';
import type { TarHeader } from '../../lib/tar/header.ts';
import { createContextIndex } from './context-index.ts';
import type { TreeEntry } from './tree-entry.ts';

type Given = Partial<TarHeader> & Pick<TarHeader, 'name'> & { readonly content?: string };

function indexOf(...entries: readonly Given[]): readonly TreeEntry[] {
  const index = createContextIndex({ nowSeconds: 77 });
  for (const [position, { content = '', ...header }] of entries.entries()) {
    const rest = { uid: 5, gid: 6, size: 0, mtime: 9, linkName: '', deviceMajor: 0, deviceMinor: 0, xattrs: {} };
    index.add({ type: header.linkName === undefined ? 'file' : 'symlink', mode: 0o640, ...rest, ...header });
    if ((header.type ?? 'file') === 'file' && header.linkName === undefined)
      index.setContent({ size: content.length, hash: content, offset: position * 100 });
  }
  return [...index.entries()];
}

const told = (entries: readonly TreeEntry[]): readonly string[] =>
  entries
    .slice(1)
    .map(({ path, type, hash, link, sameAs }) => `${type} ${path} ${hash}${link}${sameAs && `=${sameAs}`}`);

const folder = (name: string, mode = 0o755): Given => ({ name, type: 'directory', mode });
const hard = (name: string, linkName: string): Given => ({ name, type: 'link', linkName });

describe('what an archive makes of an empty folder', () => {
  const cases: readonly (readonly [string, readonly Given[], readonly string[]])[] = [
    ['folders on the way', [{ name: 'a/b/f', content: 'x' }], ['directory /a ', 'directory /a/b ', 'file /a/b/f x']],
    ['dots stay inside', [{ name: '../../x/../f', content: 'x' }], ['file /f x']],
    [
      'the last of a name',
      [
        { name: 'f', content: 'x' },
        { name: './f', content: 'y' },
      ],
      ['file /f y'],
    ],
    ['a file for a folder', [{ name: 'd/f' }, { name: 'd', content: 'x' }], ['file /d x']],
    [
      'a folder for a file',
      [{ name: 'd', content: 'x' }, folder('d'), { name: 'd/f', content: 'y' }],
      ['directory /d ', 'file /d/f y'],
    ],
    ['a folder that is there stays', [{ name: 'd/f', content: 'x' }, folder('d')], ['directory /d ', 'file /d/f x']],
    ['a folder for a link', [{ name: 'l', linkName: 'd' }, folder('l')], ['directory /l ']],
    [
      'names through links, relative and absolute',
      [
        folder('d/e'),
        { name: 'a', linkName: 'd/e' },
        { name: 'b', linkName: '/../d' },
        { name: 'a/x', content: '1' },
        { name: 'b/y', content: '2' },
      ],
      ['directory /d ', 'directory /d/e ', 'file /d/e/x 1', 'file /d/y 2', 'symlink /a d/e', 'symlink /b /../d'],
    ],
    [
      'hard links, also of links, through links',
      [{ name: 'd/f', content: 'x' }, { name: 'l', linkName: 'd' }, hard('g', 'l/f'), hard('m', 'l')],
      ['directory /d ', 'file /d/f x', 'symlink /l d', 'file /g x=/d/f', 'symlink /m d=/l'],
    ],
    [
      'a hard link stays what it was when its first name goes',
      [{ name: 'a', content: 'x' }, hard('b', 'a'), hard('c', 'b'), { name: 'a', content: 'y' }],
      ['file /b x', 'file /c x=/b', 'file /a y'],
    ],
  ];
  test.each(cases)('%s', (_what, entries, wanted) => expect(told(indexOf(...entries))).toEqual([...wanted]));

  test('owners are dropped, times are the archive’s, of folders without an entry now', () => {
    const [root, d, f] = indexOf(
      { name: './', type: 'directory', mode: 0o700, mtime: 3 },
      { name: 'd/f', content: 'xy' },
    );
    expect(root).toMatchObject({ path: '/', mode: 0o755, mtime: 3 });
    expect(d).toMatchObject({ mode: 0o755, mtime: 77, owner: '' });
    expect(f).toMatchObject({ mode: 0o640, mtime: 9, owner: '', size: 2, offset: 100 });
  });
});

describe('an archive is refused that has', () => {
  const long = 'n'.repeat(2000);
  const cases: readonly (readonly [string, readonly Given[]])[] = [
    ['a name below a file', [{ name: 'f' }, { name: 'f/g' }]],
    ['a name through a link to a file', [{ name: 'f' }, { name: 'l', linkName: 'f' }, { name: 'l/g' }]],
    ['a name through a link to nothing', [{ name: 'l', linkName: 'gone' }, { name: 'l/g' }]],
    ['a name through a loop', [{ name: 'l', linkName: 'l' }, { name: 'l/g' }]],
    ['a hard link to nothing', [hard('g', 'f')]],
    ['a hard link to a folder', [folder('d'), hard('g', 'd')]],
    ['a hard link to the root', [hard('g', '/')]],
    ['a device', [{ name: 'n', type: 'character' }]],
    ['a pipe', [{ name: 'p', type: 'fifo' }]],
    ['a name with a zero', [{ name: 'a\0b' }]],
    [
      'a path that links make too long',
      [folder(`${long}/${long}`), { name: 'l', linkName: `${long}/${long}` }, { name: `l/${long}` }],
    ],
  ];
  test.each(cases)('%s', (_what, entries) => expect(() => indexOf(...entries)).toThrow());
});
