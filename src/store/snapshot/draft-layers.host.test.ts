import { afterAll, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTaskGroup } from '../../lib/async/task-group.ts';
import { createTrash } from '../../lib/fs/trash.ts';
import { type DiffId, parseDigest } from '../../oci/digest.ts';
import { createContentStore } from '../content/content-store.host.ts';
import { openDatabase } from '../record/database.host.ts';
import { createLayerStore } from './layer-store.host.ts';

const root = mkdtempSync(join(tmpdir(), 'skd-'));
afterAll(async () => {
  // what a store puts off for later must not come when its folder is gone
  for (const store of opened) await store.flush();
  rmSync(root, { recursive: true });
});
const db = openDatabase(':memory:');
const content = createContentStore({ root: join(root, 'content') });
const trash = createTrash(join(root, 'trash'), () => undefined);
const background = createTaskGroup((name, error) => {
  throw new Error(name, { cause: error });
});
let boot = 'one';
const opened: ReturnType<typeof createLayerStore>[] = [];
function open(): ReturnType<typeof createLayerStore> {
  const store = createLayerStore({ root: join(root, 's'), content, db, trash, background, bootId: boot });
  opened.push(store);
  return store;
}

/** Makes a layer with one file. */
function make(store: ReturnType<typeof open>, text: string, parent?: ReturnType<ReturnType<typeof open>['adopt']>) {
  const draft = store.begin(parent);
  writeFileSync(join(draft.upper, 'f'), text);
  writeFileSync(draft.blob, text);
  const digest = parseDigest(`sha256:${createHash('sha256').update(text).digest('hex')}`);
  const { upper, blob } = draft;
  const chain = store.adopt({ upper, blob, parent, digest, diffId: digest as string as DiffId, sizeBytes: 1 });
  return { chain, digest, draft };
}

test('an adopted layer stands below others at once, and is there after a restart when it was settled', async () => {
  const store = open();
  const one = make(store, 'one');
  const two = make(store, 'two', one.chain);
  expect(store.lowerOf(two.chain).map((path) => readFileSync(join(path, 'f'), 'utf8'))).toEqual(['two', 'one']);
  expect(await content.has(one.digest)).toBe(false);
  await store.settle();
  expect(await content.has(one.digest)).toBe(true);
  const again = open();
  expect(again.lowerOf(two.chain).map((path) => readFileSync(join(path, 'f'), 'utf8'))).toEqual(['two', 'one']);
});

test('what was not settled has no blob after a restart, and is gone after a power failure', async () => {
  const { chain, digest, draft } = make(open(), 'lost');
  const begun = open().begin(undefined);
  const again = open();
  expect([again.isUnpacked(chain), await content.has(digest)]).toEqual([true, false]);
  expect([existsSync(draft.folder), existsSync(begun.folder)]).toEqual([false, false]);
  boot = 'two';
  expect(open().isUnpacked(chain)).toBe(false);
});

test('the same layer made twice is kept once', async () => {
  const store = open();
  const first = make(store, 'same');
  const second = make(store, 'same');
  expect(second.chain).toBe(first.chain);
  await Promise.all([store.settle(), store.settle()]);
  expect([await content.has(first.digest), existsSync(second.draft.folder)]).toEqual([true, false]);
  expect(store.list().filter(({ chain }) => chain === first.chain)).toHaveLength(1);
});

test('a layer that is given up before it is settled does not come back', async () => {
  const store = open();
  const { chain } = make(store, 'unwanted');
  store.collect(new Set());
  await store.settle();
  expect([store.isUnpacked(chain), open().isUnpacked(chain)]).toEqual([false, false]);
});
