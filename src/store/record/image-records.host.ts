import type { Digest } from '../../oci/digest.ts';
import { parseDigest } from '../../oci/digest.ts';
import type { Descriptor } from '../content/content-store.ts';
import type { Database } from './database.host.ts';
import type { ImageRecord, ImageRecords } from './image-records.ts';

interface Row {
  readonly digest: string;
  readonly target: string;
  readonly created_ms: number;
  readonly tagged_ms: number | null;
  readonly names: string | null;
}

const SELECT = `SELECT i.digest, i.target, i.created_ms, i.tagged_ms, json_group_array(n.name) FILTER (WHERE n.name IS NOT NULL) AS names
  FROM image i LEFT JOIN image_name n ON n.digest = i.digest`;
const GROUP = 'GROUP BY i.digest ORDER BY i.created_ms, i.digest';

export function createImageRecords(deps: { readonly db: Database }): ImageRecords {
  const { db } = deps;
  createTables(db);
  const all = db.query<Row, []>(`${SELECT} ${GROUP}`);
  const byDigest = db.query<Row, [string]>(`${SELECT} WHERE i.digest = ? ${GROUP}`);
  const byName = db.query<Row, [string]>(
    `${SELECT} WHERE i.digest = (SELECT digest FROM image_name WHERE name = ?) ${GROUP}`,
  );
  const byRange = db.query<Row, [string, string]>(`${SELECT} WHERE i.digest >= ? AND i.digest < ? ${GROUP} LIMIT 2`);
  const put = db.transaction((target: Descriptor, names: readonly string[], nowMs: number) => {
    db.run(
      `INSERT INTO image (digest, target, created_ms, tagged_ms) VALUES (?, ?, ?, ?)
       ON CONFLICT (digest) DO UPDATE SET tagged_ms = coalesce(excluded.tagged_ms, tagged_ms)`,
      [target.digest, JSON.stringify(target), nowMs, names.length > 0 ? nowMs : null],
    );
    for (const name of names) {
      db.run(
        'INSERT INTO image_name (name, digest) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET digest = excluded.digest',
        [name, target.digest],
      );
    }
  });
  return {
    list: () => all.all().map(toRecord),
    find: (digest) => first(byDigest.all(digest)),
    findByName: (name) => first(byName.all(name)),
    findByPrefix: (prefix) => byRange.all(`sha256:${prefix}`, `sha256:${prefix}g`).map(toRecord),
    put: (target, names, nowMs) => {
      put.immediate(target, names, nowMs);
    },
    removeName: (name) => {
      db.run('DELETE FROM image_name WHERE name = ?', [name]);
    },
    remove: (digest: Digest) => {
      db.run('DELETE FROM image WHERE digest = ?', [digest]);
    },
  };
}

function createTables(db: Database): void {
  db.run(`CREATE TABLE IF NOT EXISTS image (
    digest TEXT PRIMARY KEY, target TEXT NOT NULL, created_ms INTEGER NOT NULL, tagged_ms INTEGER
  ) STRICT, WITHOUT ROWID`);
  db.run(`CREATE TABLE IF NOT EXISTS image_name (
    name TEXT PRIMARY KEY, digest TEXT NOT NULL REFERENCES image (digest) ON DELETE CASCADE
  ) STRICT, WITHOUT ROWID`);
  db.run('CREATE INDEX IF NOT EXISTS image_name_digest ON image_name (digest)');
}

function first(rows: readonly Row[]): ImageRecord | undefined {
  return rows[0] ? toRecord(rows[0]) : undefined;
}

function toRecord(row: Row): ImageRecord {
  const target: Descriptor = JSON.parse(row.target);
  const names: string[] = JSON.parse(row.names ?? '[]');
  return {
    target: { ...target, digest: parseDigest(row.digest) },
    names: names.sort(),
    createdAtMs: row.created_ms,
    taggedAtMs: row.tagged_ms ?? undefined,
  };
}
