import { expect, test } from 'bun:test';
import type { TarHeader } from './header.ts';
import { createTarParser } from './parser.ts';
import { type NewTarEntry, tarEnd, tarHeader, tarPadding } from './writer.ts';

function pack(entries: readonly (NewTarEntry & { readonly content?: string })[]): Buffer {
  const parts = entries.flatMap(({ content = '', ...entry }) => {
    const body = Buffer.from(content);
    return [tarHeader({ ...entry, size: body.length }), body, tarPadding(body.length)];
  });
  return Buffer.concat([...parts, tarEnd()]);
}

function parse(archive: Buffer, chunkBytes = archive.length): readonly (TarHeader & { readonly content: string })[] {
  const found: (TarHeader & { content: string })[] = [];
  const parser = createTarParser({
    entry: (header) => void found.push({ ...header, content: '' }),
    data: (piece) => {
      const last = found.at(-1);
      if (last) last.content += Buffer.from(piece).toString();
    },
    hole: () => undefined,
    entryEnd: () => undefined,
  });
  for (let at = 0; at < archive.length; at += chunkBytes) parser.write(archive.subarray(at, at + chunkBytes));
  parser.end();
  return found;
}

const long = `${'d'.repeat(90)}/${'é'.repeat(90)}`;
const samples: readonly (NewTarEntry & { readonly content?: string })[] = [
  { name: 'a', type: 'file', content: 'hello', mode: 0o4755, uid: 1000, gid: 3_000_000, mtime: 12.25 },
  { name: 'd/', type: 'directory' },
  { name: long, type: 'file', content: 'x'.repeat(1500) },
  { name: 's', type: 'symlink', linkName: long },
  { name: 'n', type: 'character', deviceMajor: 1, deviceMinor: 3 },
  { name: 'x', type: 'file', xattrs: { 'user.a': Buffer.from([1, 0, 10, 61]) } },
];

test.each([7, 512, 513, 100_000])('what was written is read, in chunks of %d bytes', (chunkBytes) => {
  const found = parse(pack(samples), chunkBytes);
  expect(found.map(({ name }) => name)).toEqual(samples.map(({ name }) => name));
  expect(found[0]).toMatchObject({ content: 'hello', mode: 0o4755, uid: 1000, gid: 3_000_000, mtime: 12.25 });
  expect(found[2]?.content.length).toBe(1500);
  expect(found[3]?.linkName).toBe(long);
  expect(found[4]).toMatchObject({ type: 'character', deviceMajor: 1, deviceMinor: 3 });
  expect(Array.from(found[5]?.xattrs['user.a'] ?? [])).toEqual([1, 0, 10, 61]);
});

test('an archive of tar(1) is read', () => {
  const made = Bun.spawnSync([
    'tar',
    '--format=gnu',
    '-C',
    import.meta.dirname,
    '-cf',
    '-',
    'header.ts',
    'pax.ts',
  ]).stdout;
  expect(parse(Buffer.from(made)).map(({ name }) => name)).toEqual(['header.ts', 'pax.ts']);
});

test('a cut off archive, a wrong checksum and an endless extended header are refused', () => {
  const archive = pack(samples);
  expect(() => parse(archive.subarray(0, 515))).toThrow('middle of an entry');
  const damaged = Buffer.from(archive);
  damaged[0] = (damaged[0] ?? 0) ^ 1;
  expect(() => parse(damaged)).toThrow('checksum');
  expect(() => parse(pack([{ name: 'big', type: 'file', xattrs: { 'user.big': new Uint8Array(2_000_000) } }]))).toThrow(
    'too large',
  );
});
