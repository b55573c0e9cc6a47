import { afterAll, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTarParser } from './parser.ts';

const folder = mkdtempSync(join(tmpdir(), 'skiff-sparse-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file with `count` islands of data in 40 MiB of nothing. */
function sparseFile(count: number): string {
  const name = `islands${count}`;
  writeFileSync(join(folder, name), '');
  truncateSync(join(folder, name), 40 << 20);
  const fd = openSync(join(folder, name), 'r+');
  for (let n = 0; n < count; n++) writeSync(fd, `island ${n}`, Math.floor(((40 << 20) * n) / count) + 5000);
  closeSync(fd);
  return name;
}

function archive(name: string, format: readonly string[]): Buffer {
  const { stdout, stderr } = Bun.spawnSync(['tar', '--sparse', ...format, '-C', folder, '-cf', '-', name]);
  expect(stderr.toString()).toBe('');
  return stdout;
}

function read(bytes: Buffer): {
  readonly name: string;
  readonly size: number;
  readonly hash: string;
  readonly skipped: number;
} {
  const hash = createHash('sha256');
  let [name, size, skipped, ended] = ['', 0, 0, 0];
  const hole = (sizeBytes: number): void => {
    skipped += sizeBytes;
    hash.update(Buffer.alloc(sizeBytes));
  };
  const parser = createTarParser({
    entry: (header) => void ([name, size] = [header.name, header.size]),
    data: (piece) => void hash.update(piece),
    hole,
    entryEnd: () => void ended++,
  });
  for (let at = 0; at < bytes.length; at += 700) parser.write(bytes.subarray(at, at + 700));
  parser.end();
  expect(ended).toBe(1);
  return { name, size, hash: hash.digest('hex'), skipped };
}

const FORMATS = [
  ['--format=gnu'],
  ['--format=posix', '--sparse-version=1.0'],
  ['--format=posix', '--sparse-version=0.1'],
];

for (const format of FORMATS)
  test.each([0, 1, 3, 60])(`${format.join(' ')}: %d islands come out where they were`, (count) => {
    const name = sparseFile(count);
    const content = readFileSync(join(folder, name));
    const expected = { name, size: content.length, hash: createHash('sha256').update(content).digest('hex') };
    const bytes = archive(name, format);
    expect(bytes.length).toBeLessThan(2 << 20);
    const found = read(bytes);
    expect(found).toMatchObject(expected);
    expect(found.skipped).toBeGreaterThan(30 << 20);
  });

test('a map that lies is refused', () => {
  const bytes = archive(sparseFile(3), ['--format=posix', '--sparse-version=0.1']);
  const key = bytes.indexOf('GNU.sparse.map=');
  const digit = bytes.indexOf(',', key) - 1;
  bytes[digit] = bytes[digit] === 0x39 ? 0x38 : 0x39;
  bytes[bytes.indexOf(',', digit) + 1] = 0x39;
  expect(() => read(bytes)).toThrow('malformed sparse file');
});

test('the oldest pax format is refused by name', () => {
  expect(() => read(archive(sparseFile(3), ['--format=posix', '--sparse-version=0.0']))).toThrow('unsupported format');
});
