import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { crc32, gzipSync, zstdCompressSync } from 'node:zlib';
import { createImageService } from '../../../src/engine/image/image-service.ts';
import { messageOf } from '../../../src/lib/errors.ts';
import { tarHeader } from '../../../src/lib/tar/writer.ts';
import { createBuildFiles } from '../../../src/linux/build/build-files.host.ts';
import { DOCKER_MANIFEST, OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST } from '../../../src/oci/media-type.ts';
import { engine } from '../../fixtures/image-engine.ts';
import { dockerArchive, smallImage, tarOf } from '../../fixtures/images.ts';
import { digestOf } from '../../fixtures/registry.ts';
import { createOutside, storeLeftovers } from '../../images/hostile/look.ts';
import { AT, base256, entry, patched, pax, special, tar } from '../../images/hostile/raw-tar.ts';

const never = new AbortController().signal;
const MIB = 1 << 20;
const honest = smallImage({ text: 'honest', layers: 2 });
const plain = dockerArchive(honest, ['honest:1']);

/** Pieces that are made while they are read. */
type Pieces = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

interface Case {
  readonly title: string;
  readonly pieces: () => Pieces;
  /** The text of the error; undefined: loaded. */
  readonly refused?: RegExp;
}

function layout(
  manifests: readonly object[],
  blobs: readonly Uint8Array[],
  more: Readonly<Record<string, string>> = {},
): Pieces {
  return [
    tarOf({
      ...Object.fromEntries(blobs.map((blob) => [`blobs/sha256/${digestOf(blob).slice(7)}`, blob])),
      'index.json': JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }),
      'oci-layout': '{"imageLayoutVersion":"1.0.0"}',
      ...more,
    }),
  ];
}

const document = (body: object): Buffer => Buffer.from(JSON.stringify(body));
const nameIt = (bytes: Uint8Array, mediaType: string): object => ({
  mediaType,
  digest: digestOf(bytes),
  size: bytes.length,
});
const manifest = document({
  schemaVersion: 2,
  mediaType: OCI_MANIFEST,
  config: nameIt(honest.config, OCI_CONFIG),
  layers: honest.layers.map((layer) => nameIt(layer.gzip, `${OCI_LAYER}+gzip`)),
});
const blobs = [honest.config, manifest, ...honest.layers.map(({ gzip }) => gzip)];
const indexOf = (entries: readonly object[]): Buffer =>
  document({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: entries });

/** Indexes around the manifest, each with its child `times` over. */
function nested(depth: number, times: number): { readonly top: Buffer; readonly all: readonly Buffer[] } {
  const all: Buffer[] = [];
  let top = manifest;
  for (let level = 0; level < depth; level++) {
    const child = nameIt(top, level === 0 ? OCI_MANIFEST : OCI_INDEX);
    top = indexOf(Array.from({ length: times }, () => child));
    all.push(top);
  }
  return { top, all };
}

function nestedLayout(depth: number, times: number): Pieces {
  const { top, all } = nested(depth, times);
  return layout([nameIt(top, OCI_INDEX)], [...blobs, ...all]);
}

const LAYOUTS: readonly Case[] = [
  {
    title: 'a blob that is missing',
    pieces: () => layout([nameIt(manifest, OCI_MANIFEST)], [manifest]),
    refused: /no platform of image .* is complete/,
  },
  {
    title: 'a manifest that is missing',
    pieces: () => layout([nameIt(manifest, OCI_MANIFEST)], []),
    refused: /of index\.json is missing/,
  },
  {
    title: 'a blob that is another',
    pieces: () => [tarOf({ [`blobs/sha256/${'0'.repeat(64)}`]: 'x', 'index.json': '{}' })],
    refused: /content has digest/,
  },
  {
    title: 'a manifest of another size',
    pieces: () => layout([{ ...nameIt(manifest, OCI_MANIFEST), size: 1 }], blobs),
    refused: /has \d+ bytes, not 1/,
  },
  { title: 'an index in an index in an index', pieces: () => nestedLayout(3, 1) },
  {
    title: 'a hundred indexes in each other',
    pieces: () => nestedLayout(100, 1),
  },
  { title: 'an index of a thousand times the same index, and so on, four deep', pieces: () => nestedLayout(4, 1000) },
  {
    title: 'an image a thousand times in the index',
    pieces: () =>
      layout(
        Array.from({ length: 1000 }, () => nameIt(manifest, OCI_MANIFEST)),
        blobs,
      ),
  },
  {
    title: 'an index of 1001 images',
    pieces: () =>
      layout(
        Array.from({ length: 1001 }, () => nameIt(manifest, OCI_MANIFEST)),
        blobs,
      ),
    refused: /not a list of at most 1000/,
  },
  {
    title: 'a manifest that calls itself something else',
    pieces: () => layout([nameIt(manifest, DOCKER_MANIFEST)], blobs),
  },
  {
    title: 'a name that is none',
    pieces: () =>
      layout([{ ...nameIt(manifest, OCI_MANIFEST), annotations: { 'io.containerd.image.name': '../../etc' } }], blobs),
    refused: /image name/,
  },
  {
    title: 'a layer that unpacks to something else',
    pieces: () => {
      const other = smallImage({ text: 'other', layers: 2 });
      const lying = document({
        schemaVersion: 2,
        config: nameIt(honest.config, OCI_CONFIG),
        layers: other.layers.map((layer) => nameIt(layer.gzip, `${OCI_LAYER}+gzip`)),
      });
      return layout([nameIt(lying, OCI_MANIFEST)], [...blobs, lying, ...other.layers.map(({ gzip }) => gzip)]);
    },
    refused: /unpacks to sha256:[0-9a-f]{64}, the image says/,
  },
  {
    title: 'index.json a million levels deep',
    pieces: () => layout([], [], { 'index.json': `${'['.repeat(1e6)}${']'.repeat(1e6)}` }),
    refused: /malformed manifest/,
  },
  {
    title: 'index.json of more than 8 MiB',
    pieces: () => layout([], [], { 'index.json': ' '.repeat(8 * MIB + 1) }),
    refused: /too large/,
  },
];

const file = (name: string, content = ''): Buffer => entry({ name, type: 'file' }, content);
const docker = (manifests: unknown, ...parts: readonly Uint8Array[]): Pieces => [
  tar(...parts, file('manifest.json', typeof manifests === 'string' ? manifests : JSON.stringify(manifests))),
];
const one = (fields: object): object[] => [{ Config: 'c', RepoTags: ['honest:1'], Layers: [], ...fields }];
const configOf = (layers: readonly string[]): string =>
  JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: layers } });
const EMPTY = digestOf(tar());

const DOCKER: readonly Case[] = [
  {
    title: 'a config that is a file of the host',
    pieces: () => docker(one({ Config: '/etc/passwd' })),
    refused: /leaves the archive/,
  },
  {
    title: 'a layer that is a file of the host',
    pieces: () => docker(one({ Layers: ['../../etc/passwd'] }), file('c', configOf([EMPTY]))),
    refused: /leaves the archive/,
  },
  {
    title: 'a config that is a link to the host',
    pieces: () => docker(one({}), entry({ name: 'c', type: 'symlink', linkName: '/etc/passwd' })),
    refused: /"c" is missing/,
  },
  {
    title: 'a config that is a hard link to the host',
    pieces: () => docker(one({}), entry({ name: 'c', type: 'link', linkName: '../etc/passwd' })),
    refused: /leaves the archive/,
  },
  {
    title: 'links in a circle',
    pieces: () =>
      docker(
        one({}),
        entry({ name: 'c', type: 'symlink', linkName: 'd' }),
        entry({ name: 'd', type: 'symlink', linkName: 'c' }),
      ),
    refused: /too many links/,
  },
  {
    title: 'a config that is a device',
    pieces: () => docker(one({}), entry({ name: 'c', type: 'character', deviceMajor: 1, deviceMinor: 5 })),
    refused: /"c" is missing/,
  },
  {
    title: 'a config that is a folder',
    pieces: () => docker(one({}), entry({ name: 'c', type: 'directory' })),
    refused: /"c" is missing/,
  },
  {
    title: 'fewer layers than the config says',
    pieces: () => docker(one({}), file('c', configOf([EMPTY]))),
    refused: /has 1 layers, manifest\.json has 0/,
  },
  {
    title: 'the same layer many times',
    pieces: () =>
      docker(
        one({ Layers: Array.from({ length: 120 }, () => 'l') }),
        file('c', configOf(Array.from({ length: 120 }, () => EMPTY))),
        file('l', tar().toString('latin1')),
      ),
  },
  {
    title: 'the same name twice: the last file counts',
    pieces: () => docker(one({}), file('c', 'broken'), file('c', configOf([]))),
  },
  { title: 'manifest.json that is an object', pieces: () => docker({}), refused: /not a list/ },
  { title: 'manifest.json of nulls', pieces: () => docker([null]), refused: /without Config/ },
  {
    title: 'manifest.json of 1001 images',
    pieces: () => docker(Array.from({ length: 1001 }, () => ({}))),
    refused: /at most 1000/,
  },
  {
    title: 'manifest.json a million levels deep',
    pieces: () => docker(`${'['.repeat(1e6)}${']'.repeat(1e6)}`),
    refused: /without Config/,
  },
  ...['Layers', 'RepoTags'].flatMap((field) =>
    ['text', { 0: 'x' }, [5], [null]].map((value) => ({
      title: `${field} of ${JSON.stringify(value)}`,
      pieces: () => docker(one({ [field]: value }), file('c', configOf([]))),
      refused: /is not a list of texts/,
    })),
  ),
  {
    title: 'names of prototypes',
    pieces: () =>
      docker(
        '[{"Config":"__proto__","RepoTags":["honest:1"],"Layers":[],"__proto__":{"polluted":1}}]',
        file('__proto__', configOf([])),
      ),
  },
  {
    title: 'a tag of another kind',
    pieces: () => docker(one({ RepoTags: ['UPPER:1'] }), file('c', configOf([]))),
    refused: /image name/,
  },
];

function* folders(count: number, length: number): Generator<Uint8Array> {
  for (let n = 0; n < count; n++) {
    const name = `${n}`.padEnd(length, 'n');
    if (length > 100) yield special('L', Buffer.from(name));
    yield tarHeader({ name: name.slice(0, 100), type: 'directory' });
  }
  yield tar();
}

const HOLES = patched(
  { name: 'f', type: 'file' },
  [AT.typeflag, 'S'],
  [257, 'ustar  \0'],
  [345, Buffer.alloc(155)],
  [386, '00000000000\x0000000000000\0'],
  [483, base256(1n << 49n)],
);

const SIZES: readonly Case[] = [
  { title: '100,001 entries', pieces: () => folders(100_001, 10), refused: /more than 100000 entries/ },
  { title: 'names of 1 MiB', pieces: () => folders(100, MIB - 1), refused: /too long/ },
  { title: 'a sparse file of 512 TiB', pieces: () => [tar(HOLES)], refused: /more than 68719476736 bytes of holes/ },
  {
    title: 'an entry larger than the archive',
    pieces: () => [tar(pax(['size', String(2 ** 50)]), file('f', 'x'))],
    refused: /middle of an entry/,
  },
  { title: 'nothing', pieces: () => [], refused: /neither an index\.json nor a manifest\.json/ },
  { title: 'a sparse manifest.json is read', pieces: () => docker(one({}), sparseConfig()) },
];

/** The config as a sparse file: the text, and a hole of one byte that is JSON's white space no longer. */
function sparseConfig(): Buffer {
  const text = configOf([]);
  return Buffer.concat([
    pax(
      ['GNU.sparse.map', `0,${text.length}`],
      ['GNU.sparse.size', String(text.length)],
      ['GNU.sparse.numblocks', '1'],
      ['GNU.sparse.name', 'c'],
    ),
    file('stored', text),
  ]);
}

/** xz of nothing whose header asks for 2 GiB of memory: the dictionary's size is patched, and the header's checksum. */
function greedyXz(): Buffer {
  const bytes = Buffer.from(Bun.spawnSync(['xz', '-c'], { stdin: plain }).stdout);
  const length = ((bytes[12] ?? 0) + 1) * 4;
  const header = bytes.subarray(12, 12 + length);
  const filter = header.indexOf(0x21, 2);
  header[filter + 2] = 38;
  header.writeUInt32LE(crc32(header.subarray(0, length - 4)), length - 4);
  return bytes;
}

/** A frame that wants a window of 2^`log` bytes for 128 KiB of one letter. */
function greedyZstd(log: number): Buffer {
  const block = ((1 << 17) << 3) | (1 << 1) | 1;
  return Buffer.from([
    0x28,
    0xb5,
    0x2f,
    0xfd,
    0,
    (log - 10) << 3,
    block & 255,
    (block >> 8) & 255,
    (block >> 16) & 255,
    0x61,
  ]);
}

const gz = gzipSync(plain);
const zst = zstdCompressSync(plain);
const COMPRESSED: readonly Case[] = [
  {
    title: 'gzip in several members',
    pieces: () => [gzipSync(plain.subarray(0, 1000)), gzipSync(plain.subarray(1000))],
  },
  {
    title: 'zstd in several frames, one of them to be skipped',
    pieces: () => [
      Buffer.from('502a4d180400000041414141', 'hex'),
      zstdCompressSync(plain.subarray(0, 1000)),
      zstdCompressSync(plain.subarray(1000)),
    ],
  },
  ...[1, 9, 20, gz.length >> 1, gz.length - 1].map((length) => ({
    title: `gzip cut off at ${length}`,
    pieces: () => [gz.subarray(0, length)],
    refused: /unexpected end|middle of an entry/,
  })),
  ...[5, 20, zst.length >> 1, zst.length - 1].map((length) => ({
    title: `zstd cut off at ${length}`,
    pieces: () => [zst.subarray(0, length)],
    refused: /unexpected end/,
  })),
  { title: 'garbage behind gzip', pieces: () => [gz, Buffer.from('garbage')], refused: /broken gzip data/ },
  { title: 'garbage behind zstd', pieces: () => [zst, Buffer.from('garbage')], refused: /broken zstd data/ },
  {
    title: 'a flipped bit in gzip',
    pieces: () => [flipped(gz)],
    refused: /broken gzip data|checksum|malformed|invalid/,
  },
  {
    title: 'a flipped bit in zstd',
    pieces: () => [flipped(zst)],
    refused: /broken zstd data|checksum|malformed|invalid/,
  },
  { title: 'zstd that wants a window of 2 GiB', pieces: () => [greedyZstd(31)], refused: /too much memory/ },
  { title: 'xz that wants 768 MiB and more of memory', pieces: () => [greedyXz()], refused: /[Mm]emory usage limit/ },
  {
    title: 'bzip2 cut off',
    pieces: () => [Bun.spawnSync(['bzip2', '-c'], { stdin: plain }).stdout.subarray(0, 200)],
    refused: /bzip2 .*ended with code/,
  },
  {
    title: 'xz cut off',
    pieces: () => [Bun.spawnSync(['xz', '-c'], { stdin: plain }).stdout.subarray(0, 200)],
    refused: /xz .*Unexpected end/,
  },
  {
    title: 'gzip in gzip',
    pieces: () => [gzipSync(gz)],
    refused: /checksum|middle of an entry|malformed|out of range/,
  },
];

function flipped(bytes: Uint8Array): Buffer {
  const copy = Buffer.from(bytes);
  const at = copy.length - 12;
  copy[at] = (copy[at] ?? 0) ^ 0x10;
  return copy;
}

async function* each(pieces: Pieces): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) yield piece;
}

const RSS_BYTES = 400 * MIB;

/** Resident bytes more than before; what only waits to be collected does not count, since all tests share this process. */
function grownBytes(before: number): number {
  if (process.memoryUsage.rss() - before >= RSS_BYTES) Bun.gc(true);
  return process.memoryUsage.rss() - before;
}

for (const [kind, cases] of Object.entries({ LAYOUTS, DOCKER, SIZES, COMPRESSED }))
  describe(`load, ${kind.toLowerCase()}:`, () => {
    for (const { title, pieces, refused } of cases)
      test(`${title}: ${refused ? 'refused' : 'loaded'}`, async () => {
        using here = engine();
        using outside = createOutside();
        const before = outside.state();
        const memory = process.memoryUsage.rss();
        const service = createImageService(here.deps);
        const failure = await service
          .load(each(pieces()), () => undefined, never)
          .then(
            () => undefined,
            (error: unknown) => messageOf(error),
          );
        if (refused) expect(failure).toMatch(refused);
        else expect(failure).toBeUndefined();
        for (const { target } of here.deps.records.list()) await service.remove(target.digest, { force: true });
        expect(storeLeftovers(here.root)).toEqual([]);
        expect(outside.state()).toBe(before);
        expect(({} as Record<string, unknown>).polluted).toBeUndefined();
        expect(grownBytes(memory)).toBeLessThan(RSS_BYTES);
      });
  });

describe('import:', () => {
  for (const length of [20, zst.length >> 1, zst.length - 1])
    test(`zstd cut off at ${length} makes no half image`, async () => {
      using here = engine();
      const made = createImageService(here.deps).importTar(each([zst.subarray(0, length)]), { changes: [] }, never);
      await expect(made).rejects.toThrow('unexpected end');
      expect(storeLeftovers(here.root)).toEqual([]);
    });
});

/** What a few kilobytes may become: in a layer the diff id is known to be wrong when all of it has been written, and then it is gone. */
describe('decompression bombs:', () => {
  const zeros = 64 * MIB;
  const bomb = (): Buffer =>
    Buffer.concat([
      gzipSync(Buffer.concat([tarHeader({ name: 'zeros', type: 'file', size: zeros }), Buffer.alloc(zeros / 2)])),
      gzipSync(Buffer.concat([Buffer.alloc(zeros / 2), tar()])),
    ]);

  test('a layer whose diff id is another: written to the disk, not to memory, and gone', async () => {
    using here = engine();
    const bytes = bomb();
    const archive = dockerArchive(
      { ...honest, layers: [{ tar: bytes, gzip: bytes, diffId: digestOf(bytes) }, ...honest.layers.slice(1)] },
      ['bomb:1'],
    );
    const memory = process.memoryUsage.rss();
    await expect(createImageService(here.deps).load(each([archive]), () => undefined, never)).rejects.toThrow(
      'the image says',
    );
    expect(grownBytes(memory)).toBeLessThan(RSS_BYTES);
    expect(storeLeftovers(here.root)).toEqual([]);
  });

  test('a build context of names only: bounded in memory', async () => {
    using here = engine();
    const names = function* (): Generator<Uint8Array> {
      for (let n = 0; ; n++)
        yield Buffer.concat([
          special('L', Buffer.from(`${n}`.padEnd(4000, 'n'))),
          tarHeader({ name: 'x', type: 'directory' }),
        ]);
    };
    await expect(scan(here.root, each(names()))).rejects.toThrow('bytes of names');
    expect(storeLeftovers(here.root)).toEqual([]);
  }, 60_000);

  test('a build context that is one hole: refused before it is written', async () => {
    using here = engine();
    await expect(scan(here.root, each([tar(HOLES)]))).rejects.toThrow('bytes of holes');
    expect(storeLeftovers(here.root)).toEqual([]);
  });
});

/** As a build looks at what it is sent. */
async function scan(root: string, archive: AsyncIterable<Uint8Array>): Promise<void> {
  const threads = createBuildFiles({ root: join(root, 'threads') });
  await threads.scanContext(join(root, 'pack'), archive, never);
}
