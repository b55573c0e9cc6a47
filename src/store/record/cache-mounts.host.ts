import type { CacheMounts } from './cache-mounts.ts';
import type { Database } from './database.host.ts';

/** `now` in milliseconds since the epoch. */
export function createCacheMounts(db: Database, now: () => number = Date.now): CacheMounts {
  db.run(
    'CREATE TABLE IF NOT EXISTS cache_mount (name TEXT PRIMARY KEY, id TEXT NOT NULL, createdAtMs INTEGER NOT NULL, usedAtMs INTEGER NOT NULL, uses INTEGER NOT NULL)',
  );
  return {
    use: ({ name, id }) =>
      void db.run(
        'INSERT INTO cache_mount (name, id, createdAtMs, usedAtMs, uses) VALUES (?1, ?2, ?3, ?3, 1) ON CONFLICT (name) DO UPDATE SET usedAtMs = ?3, uses = uses + 1',
        [name, id, now()],
      ),
    list: () =>
      db.query<ReturnType<CacheMounts['list']>[number], []>('SELECT * FROM cache_mount ORDER BY usedAtMs').all(),
    remove: (name) => void db.run('DELETE FROM cache_mount WHERE name = ?', [name]),
  };
}
