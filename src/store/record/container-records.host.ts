import { KnownError, messageOf } from '../../lib/errors.ts';
import type { ContainerRecord, ContainerRecords, StateRecord } from './container-records.ts';
import type { Database } from './database.host.ts';

interface Row {
  readonly name: string;
  readonly body: string;
  readonly state: string;
}

/** Two JSON columns: what is fixed at create, and the state, which alone is rewritten as the container lives. */
export function createContainerRecords(deps: { readonly db: Database }): ContainerRecords {
  const { db } = deps;
  db.run(`CREATE TABLE IF NOT EXISTS containers (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL,
    state TEXT NOT NULL
  )`);
  const all = db.prepare<Row, []>('SELECT name, body, state FROM containers ORDER BY sequence');
  const insert = db.prepare('INSERT INTO containers (id, name, body, state) VALUES (?, ?, ?, ?)');
  const saveState = db.prepare('UPDATE containers SET state = ? WHERE id = ?');
  const saveEndpoints = db.prepare("UPDATE containers SET body = json_set(body, '$.endpoints', json(?)) WHERE id = ?");
  const saveHostConfig = db.prepare(
    "UPDATE containers SET body = json_set(body, '$.hostConfig', json(?)) WHERE id = ?",
  );
  const rename = db.prepare('UPDATE containers SET name = ? WHERE id = ?');
  const remove = db.prepare('DELETE FROM containers WHERE id = ?');
  return {
    all: () => all.all().map(toRecord),
    insert({ name, state, ...body }) {
      unique(name, () => insert.run(body.id, name, JSON.stringify(body), JSON.stringify(state)));
    },
    saveState(id, state) {
      saveState.run(JSON.stringify(state), id);
    },
    saveEndpoints(id, endpoints) {
      saveEndpoints.run(JSON.stringify(endpoints), id);
    },
    saveHostConfig(id, hostConfig) {
      saveHostConfig.run(JSON.stringify(hostConfig), id);
    },
    rename(id, name) {
      unique(name, () => rename.run(name, id));
    },
    delete(id) {
      remove.run(id);
    },
  };
}

function toRecord(row: Row): ContainerRecord {
  const body = JSON.parse(row.body) as Omit<ContainerRecord, 'name' | 'state'>;
  return { ...body, name: row.name, state: JSON.parse(row.state) as StateRecord };
}

function unique(name: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    if (!messageOf(error).includes('UNIQUE constraint')) throw error;
    throw new KnownError('conflict', `container name ${name} is taken`, { cause: error });
  }
}
