import { afterAll, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseDigest } from '../../oci/digest.ts';
import { createFakeContentStore } from './content-store.fake.ts';
import { createContentStore } from './content-store.host.ts';
import { contentStoreSuite } from './content-store.suite.ts';

const root = mkdtempSync(join(tmpdir(), 'skiff-content-'));
afterAll(() => rmSync(root, { recursive: true }));
let stores = 0;

contentStoreSuite('in memory', createFakeContentStore);
contentStoreSuite('on disk', () => createContentStore({ root: join(root, String(stores++)) }));

test('the beginning of a blob outlives its store, and is dropped when it is old', async () => {
  const place = join(root, 'restarted');
  const bytes = Buffer.from('hello');
  const descriptor = { digest: parseDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`), size: 5 };
  const signal = new AbortController().signal;
  const offsets: number[] = [];
  const source = async function* (offset: number): AsyncGenerator<Uint8Array> {
    offsets.push(offset);
    yield bytes.subarray(offset, offset + 2);
    throw new Error('cut');
  };
  const once = async (): Promise<void> => {
    await expect(createContentStore({ root: place }).resume(descriptor, source, { signal })).rejects.toThrow('cut');
  };
  await once();
  await once();
  await createContentStore({ root: place }).dropPartials(0);
  await once();
  expect(offsets).toEqual([0, 2, 4]);
  await createContentStore({ root: place }).dropPartials(Number.POSITIVE_INFINITY);
  expect(readdirSync(join(place, 'partial'))).toEqual([]);
});

test('what a crash left half written is gone at the next start', () => {
  const place = join(root, 'crashed');
  mkdirSync(join(place, 'ingest'), { recursive: true });
  writeFileSync(join(place, 'ingest', 'half'), 'x');
  createContentStore({ root: place });
  expect(readdirSync(join(place, 'ingest'))).toEqual([]);
});

async function damagedStore(name: string, damage: (bytes: Buffer) => Buffer) {
  const place = join(root, name);
  const store = createContentStore({ root: place });
  const bytes = Buffer.from('hello');
  const { digest } = await store.write(
    (async function* () {
      yield bytes;
    })(),
  );
  writeFileSync(await store.path(digest), damage(bytes));
  return { store, digest };
}

test('a blob that lost its end is not there for who knows its size, and is fetched again', async () => {
  const { store, digest } = await damagedStore('truncated', (bytes) => bytes.subarray(0, 3));
  expect([await store.has(digest), await store.has(digest, 5), await store.has(digest, 3)]).toEqual([
    true,
    false,
    true,
  ]);
  const source = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from('hello');
  };
  await store.resume({ digest, size: 5 }, source, { signal: new AbortController().signal });
  expect(Buffer.from(await store.readAll(digest)).toString()).toBe('hello');
});

test('a damaged blob is removed when it is read whole or verified, and counts as not there', async () => {
  for (const [name, damage] of [
    ['short', (bytes: Buffer) => bytes.subarray(0, 3)],
    ['zeros', (bytes: Buffer) => Buffer.alloc(bytes.length)],
  ] as const) {
    const read = await damagedStore(`read-${name}`, damage);
    await expect(read.store.readAll(read.digest)).rejects.toMatchObject({ kind: 'not_found' });
    expect(await read.store.has(read.digest)).toBe(false);
    const verified = await damagedStore(`verified-${name}`, damage);
    expect(await verified.store.verify(verified.digest)).toBe(false);
    expect(await verified.store.has(verified.digest)).toBe(false);
  }
  const { store, digest } = await damagedStore('whole', (bytes) => bytes);
  expect([await store.verify(digest), await store.has(digest)]).toEqual([true, true]);
});
