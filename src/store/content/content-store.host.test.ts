import { afterAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFakeContentStore } from './content-store.fake.ts';
import { createContentStore } from './content-store.host.ts';
import { contentStoreSuite } from './content-store.suite.ts';

const root = mkdtempSync(join(tmpdir(), 'skiff-content-'));
afterAll(() => rmSync(root, { recursive: true }));
let stores = 0;

contentStoreSuite('in memory', createFakeContentStore);
contentStoreSuite('on disk', () => createContentStore({ root: join(root, String(stores++)) }));

test('what a crash left half written is gone at the next start', () => {
  const place = join(root, 'crashed');
  mkdirSync(join(place, 'ingest'), { recursive: true });
  writeFileSync(join(place, 'ingest', 'half'), 'x');
  createContentStore({ root: place });
  expect(readdirSync(join(place, 'ingest'))).toEqual([]);
});
