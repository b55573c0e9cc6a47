import { expect, test } from 'bun:test';
import type { PackView } from '../../linux/build/build-files.ts';
import type { TreeEntry } from '../../linux/build/tree-entry.ts';
import { filesInPack } from './context-files.ts';
import { createTree } from './tree.ts';

const none = { mode: 0o644, size: 0, link: '', hash: '', xattrs: '', sameAs: '', owner: '', mtime: 0, offset: 0 };
const folder = (path: string): TreeEntry => ({ ...none, path, type: 'directory' });
const file = (path: string): TreeEntry => ({ ...none, path, type: 'file' });
const tree = createTree([
  folder('/'),
  file('/top'),
  folder('/a'),
  file('/a/one'),
  folder('/a/b'),
  file('/a/b/two'),
  { ...none, path: '/l', type: 'symlink', link: 'a/b' },
]);

function opened() {
  const unpacked: (readonly [string, readonly string[]])[] = [];
  const files = filesInPack(
    {
      unpack: async (path: string, { entries }: PackView, signal: AbortSignal) => {
        unpacked.push([path, entries.map((entry) => entry.path)]);
        signal.throwIfAborted();
      },
    },
    { make: (name: string) => `/build/${name}` },
    { name: 'c', pack: () => '/pack', tree: () => tree },
  );
  return { files, unpacked };
}

const { signal } = new AbortController();

test('of a context only what is mounted is unpacked, with the folders it is in, once', async () => {
  const { files, unpacked } = opened();
  expect(await files.mountable('a/b', signal)).toEqual({ folder: '/build/c-1', path: '/a/b' });
  expect(await files.mountable('/l', signal)).toEqual({ folder: '/build/c-1', path: '/a/b' });
  expect(await files.mountable('a/b/two', signal)).toEqual({ folder: '/build/c-1', path: '/a/b/two' });
  expect(await files.mountable('top', signal)).toEqual({ folder: '/build/c-2', path: '/top' });
  expect(unpacked).toEqual([
    ['/build/c-1', ['/', '/a', '/a/b', '/a/b/two']],
    ['/build/c-2', ['/', '/top']],
  ]);
  expect((await files.mountable('../gone', signal)).path).toBe('/gone');
});

test('what a step that was cancelled began is begun again by the next', async () => {
  const { files, unpacked } = opened();
  await expect(files.mountable('/a', AbortSignal.abort(new Error('left')))).rejects.toThrow('left');
  expect(await files.mountable('/a', signal)).toEqual({ folder: '/build/c-2', path: '/a' });
  expect(unpacked.map(([path]) => path)).toEqual(['/build/c-1', '/build/c-2']);
});
