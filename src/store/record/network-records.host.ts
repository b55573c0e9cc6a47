import type { Database } from './database.host.ts';
import type { EndpointRecord, NetworkRecords } from './network-records.ts';

/** The networks' state in SQLite: one row an endpoint, and the ids and subnet that must stay the same over restarts. */
export function createNetworkRecords(db: Database): NetworkRecords {
  db.run('CREATE TABLE IF NOT EXISTS endpoint (container TEXT PRIMARY KEY, record TEXT NOT NULL)');
  db.run('CREATE TABLE IF NOT EXISTS network_fact (name TEXT PRIMARY KEY, value TEXT NOT NULL)');
  return {
    list: () =>
      db
        .query<{ record: string }, []>('SELECT record FROM endpoint')
        .all()
        .map(({ record }) => JSON.parse(record) as EndpointRecord),
    put: (record) =>
      void db.run('INSERT OR REPLACE INTO endpoint (container, record) VALUES (?, ?)', [
        record.containerId,
        JSON.stringify(record),
      ]),
    remove: (containerId) => void db.run('DELETE FROM endpoint WHERE container = ?', [containerId]),
    fact: (name) =>
      db.query<{ value: string }, [string]>('SELECT value FROM network_fact WHERE name = ?').get(name)?.value,
    keepFact(name, value) {
      db.run('INSERT OR REPLACE INTO network_fact (name, value) VALUES (?, ?)', [name, value]);
      return value;
    },
  };
}
