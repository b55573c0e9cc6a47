import { afterAll, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { createTaskGroup } from '../../lib/async/task-group.ts';
import { createTrash } from '../../lib/fs/trash.ts';
import { type NewTarEntry, tarEnd, tarHeader, tarPadding } from '../../lib/tar/writer.ts';
import { createMounter } from '../../linux/mount/mounter.host.ts';
import { type DiffId, parseDigest } from '../../oci/digest.ts';
import { createContentStore } from '../content/content-store.host.ts';
import { createGrowth } from '../content/growth.ts';
import { openDatabase } from '../record/database.host.ts';
import { createLayerStore } from './layer-store.host.ts';

const unexpected = (what: string, error: unknown): never => {
  throw new Error(what, { cause: error });
};

const place = mkdtempSync(join(tmpdir(), 'skl-'));
const content = createContentStore({ root: join(place, 'content') });
const db = openDatabase(':memory:');
const root = join(place, 's');
const trash = createTrash(join(place, 'trash'), unexpected);
const background = createTaskGroup((_name, error) => {
  // what comes late finds the folder gone with the tests
  if (existsSync(place)) throw error;
});
const store = createLayerStore({ root, content, db, trash, background });
const mounter = createMounter();
afterAll(() => {
  for (const point of mounter.list(place)) mounter.unmount(point);
  rmSync(place, { recursive: true });
});

async function layer(
  entries: readonly (NewTarEntry & { readonly content?: string })[],
  compress: (tar: Buffer) => Buffer = (tar) => tar,
) {
  const parts = entries.flatMap(({ content: text = '', ...entry }) => {
    const body = Buffer.from(text);
    return [tarHeader({ ...entry, size: body.length }), body, tarPadding(body.length)];
  });
  const tar = Buffer.concat([...parts, tarEnd()]);
  const blob = compress(tar);
  const { digest, size } = await content.write(
    (async function* () {
      yield blob;
    })(),
  );
  return {
    descriptor: { mediaType: 'layer', digest, size },
    diffId: parseDigest(`sha256:${createHash('sha256').update(tar).digest('hex')}`) as DiffId,
  };
}

let containers = 0;
async function withRootfs(
  layers: readonly Awaited<ReturnType<typeof layer>>[],
  look: (rootfs: string) => void,
): Promise<void> {
  const id = `c${++containers}`;
  await store.createWritable(id, await store.ensureUnpacked(layers, {}));
  const target = join(place, id);
  mkdirSync(target);
  mounter.overlay(target, store.rootfs(id));
  try {
    look(target);
  } finally {
    mounter.unmount(target);
  }
  await store.removeWritable(id);
}

test('files, links, devices, modes, owners and times come out as they went in', async () => {
  const one = await layer(
    [
      { name: 'bin/', type: 'directory', mode: 0o1777, mtime: 1000 },
      { name: 'bin/su', type: 'file', content: 'x', mode: 0o4755, uid: 12, gid: 34, mtime: 2000 },
      { name: 'bin/hard', type: 'link', linkName: 'bin/su' },
      { name: 'soft', type: 'symlink', linkName: '/bin/su' },
      { name: 'null', type: 'character', deviceMajor: 1, deviceMinor: 3, mode: 0o666 },
      { name: 'pipe', type: 'fifo' },
    ],
    gzipSync,
  );
  await withRootfs([one], (rootfs) => {
    const su = statSync(join(rootfs, 'bin/su'));
    expect([su.mode & 0o7777, su.uid, su.gid, su.mtimeMs, su.nlink]).toEqual([0o4755, 12, 34, 2_000_000, 2]);
    expect([statSync(join(rootfs, 'bin')).mode & 0o7777, statSync(join(rootfs, 'bin')).mtimeMs]).toEqual([
      0o1777, 1_000_000,
    ]);
    expect(readlinkSync(join(rootfs, 'soft'))).toBe('/bin/su');
    expect(lstatSync(join(rootfs, 'null')).rdev).toBe(0x103);
    expect(lstatSync(join(rootfs, 'pipe')).isFIFO()).toBe(true);
  });
});

test('whiteouts hide what lower layers have, opaque directories all of it', async () => {
  const lower = await layer(
    [
      { name: 'a', type: 'file' },
      { name: 'd/x', type: 'file' },
      { name: 'd/y', type: 'file' },
      { name: 'e/z', type: 'file' },
    ],
    zstdCompressSync,
  );
  const upper = await layer([
    { name: '.wh.a', type: 'file' },
    { name: 'd/.wh.x', type: 'file' },
    { name: 'e/.wh..wh..opq', type: 'file' },
    { name: 'e/new', type: 'file' },
  ]);
  await withRootfs([lower, upper], (rootfs) => {
    expect(readdirSync(rootfs).sort()).toEqual(['d', 'e']);
    expect(readdirSync(join(rootfs, 'd'))).toEqual(['y']);
    expect(readdirSync(join(rootfs, 'e'))).toEqual(['new']);
  });
});

test('what a layer writes below its own link to a folder goes into that folder; the link itself can be replaced', async () => {
  const linked = await layer([
    { name: 'usr/lib/', type: 'directory' },
    { name: 'lib', type: 'symlink', linkName: 'usr/lib' },
    { name: 'lib/a', type: 'file', content: 'a' },
    { name: 'loop', type: 'symlink', linkName: 'loop' },
    { name: 'loop/b', type: 'file', content: 'b' },
    { name: 'later', type: 'symlink', linkName: '/usr/lib' },
    { name: 'later/c', type: 'file', content: 'c' },
    { name: 'later', type: 'file', content: 'no link now' },
  ]);
  await withRootfs([linked], (rootfs) => {
    expect(readdirSync(join(rootfs, 'usr/lib')).sort()).toEqual(['a', 'c']);
    expect(readlinkSync(join(rootfs, 'lib'))).toBe('usr/lib');
    expect(readdirSync(join(rootfs, 'loop'))).toEqual(['b']);
    expect(readFileSync(join(rootfs, 'later'), 'utf8')).toBe('no link now');
  });
});

test('an archive cannot reach out of its root', async () => {
  const canary = join(place, 'canary');
  const through = await layer([
    { name: 'out', type: 'symlink', linkName: place },
    { name: 'out/canary', type: 'file', content: 'bad' },
  ]);
  await withRootfs([through], (rootfs) => expect(readFileSync(join(rootfs, 'out/canary'), 'utf8')).toBe('bad'));
  expect(existsSync(canary)).toBe(false);
  const dots = await layer([{ name: `../../../../../..${canary}`, type: 'file', content: 'bad' }]);
  await expect(store.ensureUnpacked([dots], {})).rejects.toThrow('outside its root');
  const hard = await layer([{ name: 'h', type: 'link', linkName: '/etc/passwd' }]);
  await expect(store.ensureUnpacked([hard], {})).rejects.toMatchObject({ kind: 'invalid_parameter' });
  expect(existsSync(canary)).toBe(false);
});

test('a layer that cannot be unpacked leaves no descriptor open', async () => {
  const dots = await layer([
    { name: 'fine', type: 'file', content: 'x'.repeat(100_000) },
    { name: '../../../../../../../etc/x', type: 'link', linkName: '/nowhere' },
  ]);
  const open = (): number =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).startsWith(root);
      } catch {
        return false;
      }
    }).length;
  const before = open();
  for (let round = 0; round < 3; round++) await expect(store.ensureUnpacked([dots], {})).rejects.toThrow('unpacking');
  expect(open()).toBe(before);
});

test('content that is not what the image says is data loss, and nothing is left', async () => {
  const one = await layer([{ name: 'f', type: 'file' }]);
  const other = await layer([{ name: 'g', type: 'file' }]);
  const before = readdirSync(join(root, 'layers'));
  await expect(store.ensureUnpacked([{ ...one, diffId: other.diffId }], {})).rejects.toMatchObject({
    kind: 'data_loss',
  });
  expect(readdirSync(join(root, 'layers'))).toEqual(before);
});

test('layers nobody needs are collected, those of a container stay', async () => {
  const kept = await layer([{ name: 'kept', type: 'file' }]);
  const gone = await layer([{ name: 'gone', type: 'file' }]);
  const keptChain = await store.ensureUnpacked([kept], {});
  const goneChain = await store.ensureUnpacked([gone], {});
  await store.createWritable('holder', keptChain);
  store.collect(new Set());
  expect([keptChain && store.isUnpacked(keptChain), goneChain && store.isUnpacked(goneChain)]).toEqual([true, false]);
});

test('what a crash left unrecorded is removed at the next start, the rest is known', async () => {
  mkdirSync(join(root, 'layers', 'zz'));
  mkdirSync(join(root, 'writable', 'half'));
  const again = createLayerStore({ root, content, db, trash, background });
  expect(existsSync(join(root, 'layers', 'zz'))).toBe(false);
  expect(again.listWritable()).toEqual(['holder']);
});

/** A blob that grows as the test says. */
function growing(bytes: Uint8Array) {
  const path = join(place, `growing-${++containers}`);
  writeFileSync(path, '');
  const growth = createGrowth(path);
  let there = 0;
  return {
    growth,
    grow(to: number) {
      appendFileSync(path, bytes.subarray(there, to));
      there = to;
      growth.reach(to);
    },
  };
}

test('a layer is unpacked while its blob grows; one that is cut off fails with the reason and leaves nothing', async () => {
  const tar = Buffer.concat([
    tarHeader({ name: 'first', type: 'file', size: 4 << 20 }),
    Buffer.alloc(4 << 20, 'a'),
    tarHeader({ name: 'second', type: 'file', size: 512 }),
    Buffer.alloc(512, 'b'),
    tarEnd(),
  ]);
  const descriptor = { mediaType: 'layer', digest: parseDigest(`sha256:${'1'.repeat(64)}`), size: tar.length };
  const diffId = parseDigest(`sha256:${createHash('sha256').update(tar).digest('hex')}`) as DiffId;
  const folders = (): string[] => readdirSync(join(root, 'layers'));
  const before = folders();
  const fresh = (): string | undefined => folders().find((name) => !before.includes(name));
  const arrived = async (file: string): Promise<void> => {
    while (!existsSync(join(root, 'layers', fresh() ?? 'none', file))) await Bun.sleep(2);
  };

  const cut = growing(tar);
  const failing = store.ensureUnpacked([{ descriptor, diffId }], { follow: async () => cut.growth.blob });
  cut.grow(tar.length - 2048);
  await arrived('first');
  cut.growth.fail(new Error('connection reset'));
  await expect(failing).rejects.toThrow('connection reset');
  expect(folders()).toEqual(before);

  const whole = growing(tar);
  const unpacked = store.ensureUnpacked([{ descriptor, diffId }], { follow: async () => whole.growth.blob });
  whole.grow(tar.length - 2048);
  await arrived('first');
  expect(existsSync(join(root, 'layers', fresh() ?? '', 'second'))).toBe(false);
  whole.grow(tar.length);
  whole.growth.end();
  const chain = await unpacked;
  expect(chain && store.isUnpacked(chain)).toBe(true);
  expect(readFileSync(join(root, 'layers', fresh() ?? '', 'second'), 'utf8')).toBe('b'.repeat(512));
});

test('downloads that stall keep no other layer from being unpacked, however many there are', async () => {
  const cancel = new AbortController();
  const stalled = await Promise.all(
    Array.from({ length: 12 }, async (_none, index) => {
      const tar = Buffer.concat([
        tarHeader({ name: `stalled-${index}`, type: 'file', size: 4 << 20 }),
        Buffer.alloc(2 << 20),
      ]);
      const blob = growing(tar);
      blob.grow(tar.length);
      const hex = createHash('sha256').update(tar).digest('hex');
      const one = {
        descriptor: { mediaType: 'layer', digest: parseDigest(`sha256:${hex}`), size: 5 << 20 },
        diffId: `sha256:${hex}` as DiffId,
      };
      cancel.signal.addEventListener('abort', () => blob.growth.fail(new Error('left')));
      return store.ensureUnpacked([one], { follow: async () => blob.growth.blob, signal: cancel.signal }).catch(String);
    }).map(async (unpacking) => ({ unpacking: unpacking.then((text) => text) })),
  );
  const other = await layer([{ name: 'other', type: 'file', content: 'here' }]);
  const chain = await store.ensureUnpacked([other], {});
  expect(chain && store.isUnpacked(chain)).toBe(true);
  cancel.abort(new Error('left'));
  const ends = await Promise.all(stalled.map(({ unpacking }) => unpacking));
  expect(ends).toEqual(Array.from({ length: 12 }, () => 'Error: left'));
});

test('who shares an unpacking that somebody else cancels does it alone', async () => {
  const shared = await layer([{ name: 'shared', type: 'file', content: 'x'.repeat(3_000_000) }]);
  const cancel = new AbortController();
  const first = store.ensureUnpacked([shared], {
    signal: cancel.signal,
    onLayer: () => cancel.abort(new Error('gone')),
  });
  const second = store.ensureUnpacked([shared], {});
  await expect(first).rejects.toThrow('gone');
  const chain = await second;
  expect(chain && store.isUnpacked(chain)).toBe(true);
});

test('after a power failure, layers that were not surely on disk are unpacked again for containers and forgotten otherwise', async () => {
  const own = openDatabase(':memory:');
  const folder = join(place, 'power');
  const stuck = createTaskGroup(() => undefined);
  const open = (bootId: string) =>
    createLayerStore({ root: folder, content, db: own, trash, background: stuck, bootId });
  const earlier = open('one');
  const [used, unused] = [
    await layer([{ name: 'used', type: 'file', content: 'whole' }]),
    await layer([{ name: 'unused', type: 'file' }]),
  ];
  const chain = await earlier.ensureUnpacked([used], {});
  const other = await earlier.ensureUnpacked([unused], {});
  await earlier.createWritable('holder', chain);
  await earlier.flush();
  expect(earlier.blobsInNeed().size).toBe(0);
  expect(other && open('two').isUnpacked(other)).toBe(true);

  // As if the power had gone before they were on disk.
  own.run("UPDATE layer SET boot = 'one'");
  const [torn = ''] = earlier.rootfs('holder').lower;
  writeFileSync(join(torn, 'used'), '');
  const errors: string[] = [];
  const later = open('two');
  expect(chain && later.isUnpacked(chain)).toBe(false);
  await later.recover((what) => errors.push(what));
  expect(errors).toEqual([]);
  expect([chain && later.isUnpacked(chain), other && later.isUnpacked(other)]).toEqual([true, false]);
  const [again = ''] = later.rootfs('holder').lower;
  expect(readFileSync(join(again, 'used'), 'utf8')).toBe('whole');
  await later.flush();

  own.run("UPDATE layer SET boot = 'two'");
  await content.remove(used.descriptor.digest);
  const last = open('three');
  await last.recover((what) => errors.push(what));
  expect(errors).toEqual([`unpacking layer ${used.descriptor.digest} again`]);
  expect(() => last.rootfs('holder')).toThrow('not unpacked');
});

test('a layer that was damaged on disk is told of and removed, so that it can be fetched again', async () => {
  const kept = await layer([{ name: 'file', type: 'file', content: 'x'.repeat(5000) }], gzipSync);
  truncateSync(await content.path(kept.descriptor.digest), 30);
  await expect(store.ensureUnpacked([kept], {})).rejects.toMatchObject({
    kind: 'data_loss',
    message: expect.stringContaining('damaged on disk'),
  });
  expect(await content.has(kept.descriptor.digest)).toBe(false);
});

test('collecting leaves nothing behind but in the trash, and does not wait', async () => {
  const gone = await layer([{ name: 'going', type: 'file', content: 'x' }]);
  const chain = await store.ensureUnpacked([gone], {});
  const path = store.list().find((one) => one.chain === chain)?.path ?? '';
  expect(existsSync(path)).toBe(true);
  store.collect(new Set());
  expect([existsSync(path), store.list().some((one) => one.chain === chain)]).toEqual([false, false]);
  expect(readdirSync(join(place, 'trash')).length).toBeGreaterThan(0);
  await trash.empty();
  expect(readdirSync(join(place, 'trash'))).toEqual([]);
});
