import { expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { constants, zstdCompressSync } from 'node:zlib';
import { createZstdFrames } from './zstd-frames.ts';

const SKIPPED = Buffer.from('5f2a4d180300000041414100', 'hex').subarray(0, 11);
const STREAMS: Readonly<Record<string, Buffer>> = {
  'one letter': zstdCompressSync(Buffer.from('a')),
  'several blocks': zstdCompressSync(randomBytes(300_000)),
  'two frames': Buffer.concat([zstdCompressSync(Buffer.alloc(5000)), zstdCompressSync(Buffer.from('b'))]),
  'frames to be skipped': Buffer.concat([SKIPPED, zstdCompressSync(Buffer.from('a')), SKIPPED]),
  'with a checksum': zstdCompressSync(Buffer.alloc(200_000, 'xyz'), { params: { [constants.ZSTD_c_checksumFlag]: 1 } }),
};

function walk(bytes: Uint8Array, chunkBytes: number): void {
  const frames = createZstdFrames();
  for (let at = 0; at < bytes.length; at += chunkBytes) frames.write(bytes.subarray(at, at + chunkBytes));
  frames.end();
}

for (const [name, bytes] of Object.entries(STREAMS)) {
  test.each([1, 7, 65_536])(`${name}: whole, in chunks of %d bytes`, (chunkBytes) => walk(bytes, chunkBytes));

  test(`${name}: cut off anywhere inside of a frame`, () => {
    const first = zstdCompressSync(Buffer.alloc(5000)).length;
    const ends = name === 'two frames' ? [first] : name === 'frames to be skipped' ? [11, bytes.length - 11] : [];
    const step = Math.max(1, Math.floor(bytes.length / 200));
    for (let length = 1; length < bytes.length; length += step) {
      if (ends.includes(length)) walk(bytes.subarray(0, length), 100);
      else expect(() => walk(bytes.subarray(0, length), 100)).toThrow('unexpected end');
    }
  });
}

test('what is no frame is refused', () => {
  expect(() => walk(Buffer.concat([STREAMS['one letter'] ?? SKIPPED, Buffer.from('more')]), 100)).toThrow(
    'something else',
  );
});
