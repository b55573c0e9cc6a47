import { expect, test } from 'bun:test';
import type { TreeSize } from '../../lib/fs/measure-tree.ts';
import { account, type Owners, partOf } from './account.ts';

const OWNERS: Owners = {
  blob: (hex) => (hex === 'needed' ? 'app:1' : undefined),
  layer: (name) => (name === '1' ? 'app:1, web' : undefined),
  container: (id) => (id === 'box' ? 'web' : undefined),
  volume: (name) => name === 'data',
};

const CASES: readonly (readonly [string, string, string])[] = [
  ['.', 'Folders and fixed files', ''],
  ['lock', 'Folders and fixed files', ''],
  ['content/blobs/sha256', 'Folders and fixed files', ''],
  ['content/oci-layout', 'Folders and fixed files', ''],
  ['layers/empty', 'Folders and fixed files', ''],
  ['db.sqlite', 'Database', ''],
  ['db.sqlite-wal', 'Database', ''],
  ['reserve', 'Database', ''],
  ['content/blobs/sha256/needed', 'Image blobs', 'app:1'],
  ['content/blobs/sha256/other', 'Blobs and layers of no image', ''],
  ['content/blobs/sha512', 'Belongs to nothing', ''],
  ['content/partial/ab', 'Partial downloads', ''],
  ['content/ingest/ab', 'Being written', ''],
  ['content/other', 'Belongs to nothing', ''],
  ['layers/1', 'Unpacked layers', 'app:1, web'],
  ['layers/2', 'Blobs and layers of no image', ''],
  ['writable/box', 'Writable layers', 'web'],
  ['writable/gone', 'Belongs to nothing', ''],
  ['containers/box', 'Container files', 'web'],
  ['containers/box/hosts', 'Container files', 'web'],
  ['containers/box/box-json.log', 'Container logs', 'web'],
  ['containers/box/box-json.log.1.gz', 'Container logs', 'web'],
  ['containers/gone/gone-json.log', 'Belongs to nothing', ''],
  ['volumes/data', 'Volumes', 'data'],
  ['volumes/.new', 'Folders and fixed files', ''],
  ['volumes/.new/id', 'Being written', ''],
  ['secrets.key', 'Folders and fixed files', ''],
  ['volumes/foreign', 'Belongs to nothing', ''],
  ['trash/x', 'Being removed', ''],
  ['core', 'Belongs to nothing', ''],
];

for (const [path, part, owner] of CASES)
  test(`${path} is: ${part}`, () => expect<object>(partOf(path, OWNERS)).toEqual({ part, owner }));

test('every measured thing is in one part, and nothing gets lost in the sum', () => {
  const size: TreeSize = { files: 1, folders: 2, fileBytes: 3, apparentBytes: 4, diskBytes: 5 };
  const { Parts, Items } = account(
    CASES.map(([path]) => ({ path, size })),
    OWNERS,
  );
  expect(Items).toHaveLength(CASES.length);
  expect(Parts.reduce((sum, { DiskBytes }) => sum + DiskBytes, 0)).toBe(5 * CASES.length);
  expect(Parts.find(({ Part }) => Part === 'Container logs')).toEqual({
    Part: 'Container logs',
    ShownAs: '',
    Files: 2,
    Folders: 4,
    FileBytes: 6,
    ApparentBytes: 8,
    DiskBytes: 10,
  });
});
