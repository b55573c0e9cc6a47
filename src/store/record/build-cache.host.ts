import type { Descriptor } from '../content/content-store.ts';
import type { BuildCache, CachedLayer } from './build-cache.ts';
import type { Database } from './database.host.ts';

const MAX_ENTRIES = 10_000;
/** Columns that databases of earlier versions lack. */
const LATER = {
  description: "TEXT NOT NULL DEFAULT ''",
  created_ms: 'INTEGER NOT NULL DEFAULT 0',
  used_ms: 'INTEGER',
  uses: 'INTEGER NOT NULL DEFAULT 0',
};

interface Row {
  readonly key: string;
  readonly value: string;
  readonly description: string;
  readonly created_ms: number;
  readonly used_ms: number | null;
  readonly uses: number;
}

/** `now` in milliseconds since the epoch. */
export function createBuildCache(db: Database, now: () => number = Date.now): BuildCache {
  createTable(db);
  const get = <T>(key: string): T | undefined => {
    const row = db.query<{ value: string }, [string]>('SELECT value FROM build_cache WHERE key = ?').get(key);
    return row ? (JSON.parse(row.value) as T) : undefined;
  };
  const put = (key: string, value: unknown, description: string): void => {
    db.run('INSERT OR REPLACE INTO build_cache (key, value, description, created_ms) VALUES (?, ?, ?, ?)', [
      key,
      JSON.stringify(value),
      description,
      now(),
    ]);
    db.run('DELETE FROM build_cache WHERE number <= (SELECT max(number) FROM build_cache) - ?', [MAX_ENTRIES]);
  };
  const forget = db.transaction((keys: readonly string[]) => {
    for (const key of keys) db.run('DELETE FROM build_cache WHERE key = ?', [layerKey(key)]);
  });
  const count = db.transaction((keys: readonly string[]) => {
    for (const key of keys)
      db.run('UPDATE build_cache SET uses = uses + 1, used_ms = ? WHERE key = ?', [now(), layerKey(key)]);
  });
  return {
    layer: (key) => get<CachedLayer>(layerKey(key)),
    keepLayer: (key, layer, description) => put(layerKey(key), layer, description),
    countUses: (keys) => count(keys),
    alias: (key) => get<string>(`alias ${key}`),
    keepAlias: (key, content) => put(`alias ${key}`, content, ''),
    image: (key) => get<Descriptor>(`image ${key}`),
    keepImage: (key, image) => put(`image ${key}`, image, ''),
    list: () =>
      db
        .query<Row, []>("SELECT * FROM build_cache WHERE key LIKE 'layer %' ORDER BY number")
        .all()
        .map((row) => ({
          key: row.key.slice('layer '.length),
          layer: JSON.parse(row.value) as CachedLayer,
          description: row.description,
          createdAtMs: row.created_ms,
          usedAtMs: row.used_ms ?? undefined,
          uses: row.uses,
        })),
    remove: (keys) => forget(keys),
  };
}

function layerKey(key: string): string {
  return `layer ${key}`;
}

function createTable(db: Database): void {
  db.run(
    'CREATE TABLE IF NOT EXISTS build_cache (number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, value TEXT NOT NULL)',
  );
  const there = new Set(
    db
      .query<{ name: string }, []>('PRAGMA table_info(build_cache)')
      .all()
      .map(({ name }) => name),
  );
  for (const [column, type] of Object.entries(LATER))
    if (!there.has(column)) db.run(`ALTER TABLE build_cache ADD COLUMN ${column} ${type}`);
}
