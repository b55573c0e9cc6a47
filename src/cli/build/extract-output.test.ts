import { afterAll, expect, test } from 'bun:test';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type NewTarEntry, tarEnd, tarHeader, tarPadding } from '../../lib/tar/writer.ts';
import { extractOutput } from './extract-output.ts';

const top = mkdtempSync('/tmp/skiff-extract-');
afterAll(() => rmSync(top, { recursive: true, force: true }));
let folders = 0;
const freshFolder = (): string => join(top, String(++folders), 'out');

async function* archiveOf(
  ...entries: readonly (NewTarEntry & { readonly text?: string })[]
): AsyncGenerator<Uint8Array> {
  for (const { text = '', ...entry } of entries) {
    yield tarHeader({ ...entry, size: text.length });
    yield Buffer.from(text);
    yield tarPadding(text.length);
  }
  yield tarEnd();
}

test('links stay as they are, wherever they lead', async () => {
  const folder = freshFolder();
  await extractOutput(
    archiveOf(
      { name: 'etc/mtab', type: 'symlink', linkName: '../proc/mounts' },
      { name: 'up', type: 'symlink', linkName: '..' },
      { name: 'abs', type: 'symlink', linkName: '/etc/passwd' },
      { name: 'f', type: 'file', text: 'file', mode: 0o755 },
      { name: 'g', type: 'link', linkName: 'f' },
    ),
    folder,
  );
  expect(['etc/mtab', 'up', 'abs'].map((name) => readlinkSync(join(folder, name)))).toEqual([
    '../proc/mounts',
    '..',
    '/etc/passwd',
  ]);
  expect([
    readFileSync(join(folder, 'g'), 'utf8'),
    lstatSync(join(folder, 'f')).nlink,
    lstatSync(join(folder, 'f')).mode & 0o777,
  ]).toEqual(['file', 2, 0o755]);
});

test('nothing is written through a link out of the folder, nor to names outside of it', async () => {
  const outside = join(top, 'outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'secret'), 'mine');
  const up: NewTarEntry = { name: 'up', type: 'symlink', linkName: outside };
  const archives = [
    archiveOf(up, { name: 'up/x', type: 'file', text: 'x' }),
    archiveOf(up, { name: 'up/deep/x', type: 'directory' }),
    archiveOf(up, { name: 'x', type: 'link', linkName: 'up/secret' }),
    archiveOf({ name: '../outside/x', type: 'file', text: 'x' }),
  ];
  for (const archive of archives)
    await expect(extractOutput(archive, freshFolder())).rejects.toMatchObject({ kind: 'invalid_parameter' });
  const linked = freshFolder();
  mkdirSync(linked, { recursive: true });
  symlinkSync(outside, join(linked, 'there'));
  await expect(extractOutput(archiveOf({ name: 'there/x', type: 'file', text: 'x' }), linked)).rejects.toThrow(
    'is outside of',
  );
  expect([readdirSync(outside), existsSync(join(outside, 'x'))]).toEqual([['secret'], false]);
});
