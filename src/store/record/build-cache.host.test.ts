import { expect, test } from 'bun:test';
import { parseDigest } from '../../oci/digest.ts';
import { createBuildCache } from './build-cache.host.ts';
import { openDatabase } from './database.host.ts';

const digest = parseDigest(`sha256:${'a'.repeat(64)}`);
const layer = { descriptor: { mediaType: 'layer', digest, size: 5 }, diffId: digest as never };

test('an entry knows what made it, when, and how often it was used', () => {
  let now = 1000;
  const cache = createBuildCache(openDatabase(':memory:'), () => now);
  cache.keepLayer('k1', layer, 'RUN true');
  cache.keepImage('k1', layer.descriptor);
  now = 2000;
  cache.countUses(['k1']);
  expect(cache.list()).toEqual([
    { key: 'k1', layer, description: 'RUN true', createdAtMs: 1000, usedAtMs: 2000, uses: 1 },
  ]);
  cache.remove(['k1', 'nothing']);
  expect([cache.list(), cache.layer('k1'), cache.image('k1')]).toEqual([[], undefined, layer.descriptor]);
});

test('a database of an earlier version keeps its entries', () => {
  const db = openDatabase(':memory:');
  db.run('CREATE TABLE build_cache (number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, value TEXT NOT NULL)');
  db.run('INSERT INTO build_cache (key, value) VALUES (?, ?)', ['layer old', JSON.stringify(layer)]);
  const cache = createBuildCache(db);
  expect(cache.layer('old')).toEqual(layer);
  expect(cache.list()).toMatchObject([{ key: 'old', uses: 0, description: '' }]);
});
