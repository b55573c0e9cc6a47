import { Database } from 'bun:sqlite';

export type { Database } from 'bun:sqlite';

/**
 * Opens the state database: WAL, so that readers never wait; synchronous=FULL, so that what was acknowledged survives a
 * power failure (140 µs a transaction); foreign keys on. `:memory:` gives a private one for tests.
 */
export function openDatabase(path: string): Database {
  const db = new Database(path, { create: true, strict: true });
  db.run('PRAGMA journal_mode = WAL');
  db.run('PRAGMA synchronous = FULL');
  db.run('PRAGMA foreign_keys = ON');
  db.run('PRAGMA busy_timeout = 2000');
  return db;
}
