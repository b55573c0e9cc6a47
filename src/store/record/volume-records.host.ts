import type { Database } from './database.host.ts';
import type { VolumeRecord, VolumeRecords } from './volume-records.ts';

export function createVolumeRecords(db: Database): VolumeRecords {
  db.run('CREATE TABLE IF NOT EXISTS volume (name TEXT PRIMARY KEY, record TEXT NOT NULL)');
  db.run(
    'CREATE TABLE IF NOT EXISTS volume_use (volume TEXT NOT NULL REFERENCES volume (name) ON DELETE CASCADE, container TEXT NOT NULL, PRIMARY KEY (volume, container))',
  );
  const parse = ({ record }: { readonly record: string }): VolumeRecord => JSON.parse(record) as VolumeRecord;
  return {
    list: () => db.query<{ record: string }, []>('SELECT record FROM volume ORDER BY name').all().map(parse),
    get(name) {
      const row = db.query<{ record: string }, [string]>('SELECT record FROM volume WHERE name = ?').get(name);
      return row ? parse(row) : undefined;
    },
    add: db.transaction((record: VolumeRecord, usedBy?: string) => {
      db.run('INSERT INTO volume (name, record) VALUES (?, ?)', [record.name, JSON.stringify(record)]);
      if (usedBy !== undefined)
        db.run('INSERT INTO volume_use (volume, container) VALUES (?, ?)', [record.name, usedBy]);
    }),
    replace: db.transaction((from: string, record: VolumeRecord) => {
      if (record.name !== from)
        db.run('INSERT INTO volume (name, record) VALUES (?, ?)', [record.name, JSON.stringify(record)]);
      db.run('UPDATE volume_use SET volume = ? WHERE volume = ?', [record.name, from]);
      if (record.name !== from) db.run('DELETE FROM volume WHERE name = ?', [from]);
      else db.run('UPDATE volume SET record = ? WHERE name = ?', [JSON.stringify(record), from]);
    }),
    remove: (name) => void db.run('DELETE FROM volume WHERE name = ?', [name]),
    users: (name) =>
      db
        .query<{ container: string }, [string]>('SELECT container FROM volume_use WHERE volume = ?')
        .all(name)
        .map(({ container }) => container),
    use: (name, containerId) =>
      void db.run('INSERT OR IGNORE INTO volume_use (volume, container) VALUES (?, ?)', [name, containerId]),
    allUsers: () =>
      db
        .query<{ container: string }, []>('SELECT DISTINCT container FROM volume_use')
        .all()
        .map(({ container }) => container),
    release: (containerId) => void db.run('DELETE FROM volume_use WHERE container = ?', [containerId]),
  };
}
