import { KnownError, messageOf } from '../../lib/errors.ts';
import type { Database } from './database.host.ts';
import type { NetworkRecord, NetworkRecords, SandboxRecord } from './network-records.ts';
import { upgradeNetwork, upgradeSandbox } from './upgrade-network.ts';

/** The networks' state in SQLite: a row a network, a row a running container, and the ids and subnet that must stay the same over restarts. */
export function createNetworkRecords(db: Database): NetworkRecords {
  db.run(`CREATE TABLE IF NOT EXISTS network (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    record TEXT NOT NULL
  )`);
  db.run('CREATE TABLE IF NOT EXISTS sandbox (container TEXT PRIMARY KEY, record TEXT NOT NULL)');
  db.run('CREATE TABLE IF NOT EXISTS network_fact (name TEXT PRIMARY KEY, value TEXT NOT NULL)');
  const read = <T>(sql: string): readonly T[] =>
    db
      .query<{ record: string }, []>(sql)
      .all()
      .map(({ record }) => JSON.parse(record) as T);
  return {
    networks: () => read<NetworkRecord>('SELECT record FROM network ORDER BY sequence').map(upgradeNetwork),
    putNetwork(record) {
      try {
        db.run('INSERT INTO network (id, name, record) VALUES (?, ?, ?)', [
          record.id,
          record.name,
          JSON.stringify(record),
        ]);
      } catch (error) {
        if (!messageOf(error).includes('UNIQUE constraint')) throw error;
        throw new KnownError('conflict', `network with name ${record.name} already exists`, { cause: error });
      }
    },
    removeNetwork: (id) => void db.run('DELETE FROM network WHERE id = ?', [id]),
    list: () => read<SandboxRecord>('SELECT record FROM sandbox').map(upgradeSandbox),
    put: (record) =>
      void db.run('INSERT OR REPLACE INTO sandbox (container, record) VALUES (?, ?)', [
        record.containerId,
        JSON.stringify(record),
      ]),
    remove: (containerId) => void db.run('DELETE FROM sandbox WHERE container = ?', [containerId]),
    fact: (name) =>
      db.query<{ value: string }, [string]>('SELECT value FROM network_fact WHERE name = ?').get(name)?.value,
    keepFact(name, value) {
      db.run('INSERT OR REPLACE INTO network_fact (name, value) VALUES (?, ?)', [name, value]);
      return value;
    },
  };
}
