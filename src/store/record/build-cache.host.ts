import type { Descriptor } from '../content/content-store.ts';
import type { BuildCache, CachedLayer } from './build-cache.ts';
import type { Database } from './database.host.ts';

const MAX_ENTRIES = 10_000;

export function createBuildCache(db: Database): BuildCache {
  db.run(
    'CREATE TABLE IF NOT EXISTS build_cache (number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, value TEXT NOT NULL)',
  );
  const get = (key: string): string | undefined =>
    db.query<{ value: string }, [string]>('SELECT value FROM build_cache WHERE key = ?').get(key)?.value;
  const put = (key: string, value: unknown): void => {
    db.run('INSERT OR REPLACE INTO build_cache (key, value) VALUES (?, ?)', [key, JSON.stringify(value)]);
    db.run('DELETE FROM build_cache WHERE number <= (SELECT max(number) FROM build_cache) - ?', [MAX_ENTRIES]);
  };
  const parse = <T>(text: string | undefined): T | undefined =>
    text === undefined ? undefined : (JSON.parse(text) as T);
  return {
    layer: (key) => parse<CachedLayer>(get(`layer ${key}`)),
    keepLayer: (key, layer) => put(`layer ${key}`, layer),
    image: (key) => parse<Descriptor>(get(`image ${key}`)),
    keepImage: (key, image) => put(`image ${key}`, image),
    clear: () => void db.run('DELETE FROM build_cache'),
  };
}
