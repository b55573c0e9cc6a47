import { afterAll, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type NewTarEntry, tarEnd, tarHeader, tarPadding } from '../../lib/tar/writer.ts';
import { createMounter } from '../../linux/mount/mounter.host.ts';
import { type DiffId, parseDigest } from '../../oci/digest.ts';
import { createContentStore } from '../content/content-store.host.ts';
import { openDatabase } from '../record/database.host.ts';
import { createLayerStore } from './layer-store.host.ts';

const place = mkdtempSync(join(tmpdir(), 'skl-'));
const content = createContentStore({ root: join(place, 'content') });
const db = openDatabase(':memory:');
const root = join(place, 's');
const store = createLayerStore({ root, content, db });
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
  await store.collect(new Set());
  expect([keptChain && store.isUnpacked(keptChain), goneChain && store.isUnpacked(goneChain)]).toEqual([true, false]);
});

test('what a crash left unrecorded is removed at the next start, the rest is known', async () => {
  mkdirSync(join(root, 'layers', 'zz'));
  mkdirSync(join(root, 'writable', 'half'));
  const again = createLayerStore({ root, content, db });
  expect(existsSync(join(root, 'layers', 'zz'))).toBe(false);
  expect(again.listWritable()).toEqual(['holder']);
});
