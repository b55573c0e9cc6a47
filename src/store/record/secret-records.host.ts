import type { Database } from './database.host.ts';
import type { SecretRecord, SecretRecords } from './secret-records.ts';

export function createSecretRecords(db: Database): SecretRecords {
  db.run(
    'CREATE TABLE IF NOT EXISTS secret (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, record TEXT NOT NULL, sealed BLOB NOT NULL)',
  );
  const parse = ({ record }: { readonly record: string }): SecretRecord => JSON.parse(record) as SecretRecord;
  return {
    list: () => db.query<{ record: string }, []>('SELECT record FROM secret ORDER BY name').all().map(parse),
    find(nameOrId) {
      const row = db
        .query<{ record: string }, [string, string]>('SELECT record FROM secret WHERE name = ? OR id = ?')
        .get(nameOrId, nameOrId);
      return row ? parse(row) : undefined;
    },
    sealed: (id) =>
      db.query<{ sealed: Uint8Array }, [string]>('SELECT sealed FROM secret WHERE id = ?').get(id)?.sealed,
    add: (record, sealed) =>
      void db.run('INSERT INTO secret (id, name, record, sealed) VALUES (?, ?, ?, ?)', [
        record.id,
        record.name,
        JSON.stringify(record),
        sealed,
      ]),
    remove: (id) => void db.run('DELETE FROM secret WHERE id = ?', [id]),
  };
}
