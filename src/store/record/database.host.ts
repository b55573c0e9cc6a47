import { type Changes, Database } from 'bun:sqlite';
import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type { Database } from 'bun:sqlite';

/** Room for many pages of the write-ahead log. */
const RESERVE_BYTES = 512 * 1024;
const RENEW_MS = 30_000;

/**
 * Opens the state database: WAL, so that readers never wait; synchronous=FULL, so that what was acknowledged survives a
 * power failure (140 µs a transaction); foreign keys on. `:memory:` gives a private one for tests.
 * With `reserve`, a file of that name beside it keeps space for the day the disk is full: then what ends or removes something (UPDATE,
 * DELETE) is still written, and what makes something is refused.
 */
export function openDatabase(path: string, options: { readonly reserve?: string } = {}): Database {
  const db = new Database(path, { create: true, strict: true });
  db.run('PRAGMA journal_mode = WAL');
  db.run('PRAGMA synchronous = FULL');
  db.run('PRAGMA foreign_keys = ON');
  db.run('PRAGMA busy_timeout = 2000');
  if (options.reserve) useReserve(db, join(path, '..', options.reserve));
  return db;
}

function useReserve(db: Database, reserve: string): void {
  renew(reserve);
  const guarded = <T>(sql: string, write: () => T): T => {
    try {
      return write();
    } catch (error) {
      if (!isFull(error) || !/^\s*(UPDATE|DELETE)\b/i.test(sql) || !existsSync(reserve)) throw error;
      rmSync(reserve, { force: true });
      setTimeout(() => renew(reserve), RENEW_MS).unref();
      return write();
    }
  };
  const { run, prepare } = { run: db.run.bind(db), prepare: db.prepare.bind(db) };
  db.run = ((sql: string, ...bindings: never[]) => guarded(sql, () => run(sql, ...bindings))) as Database['run'];
  db.prepare = ((sql: string, ...more: never[]) => {
    const statement = prepare(sql, ...more);
    const write = statement.run.bind(statement) as (...bindings: never[]) => Changes;
    statement.run = (...bindings: never[]) => guarded(sql, () => write(...bindings));
    return statement;
  }) as Database['prepare'];
}

/** As big as the space there is allows. */
function renew(reserve: string): void {
  try {
    if (existsSync(reserve) && statSync(reserve).size === RESERVE_BYTES) return;
    writeFileSync(reserve, Buffer.alloc(RESERVE_BYTES, 1), { mode: 0o600 });
  } catch {
    rmSync(reserve, { force: true }); // full again, or still: tried anew at the next start of the daemon
  }
}

function isFull(error: unknown): boolean {
  return error instanceof Error && /full|disk I\/O error/i.test(error.message);
}
