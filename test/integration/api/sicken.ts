import { Database } from 'bun:sqlite';
import { join } from 'node:path';

const CHANGES = ['INSERT', 'UPDATE', 'DELETE'];

/** Makes every change of the database below a data root fail, until it is disposed of. Reading goes on. */
export function sicken(dataRoot: string): Disposable {
  const db = new Database(join(dataRoot, 'db.sqlite'));
  const rows = db.query("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").all();
  const tables = (rows as readonly { readonly name: string }[]).map(({ name }) => name);
  const each = (statement: (trigger: string, change: string, table: string) => string): void => {
    for (const table of tables)
      for (const change of CHANGES) db.run(statement(`sick_${table}_${change.toLowerCase()}`, change, table));
  };
  each(
    (name, change, table) =>
      `CREATE TRIGGER ${name} BEFORE ${change} ON "${table}" BEGIN SELECT RAISE(FAIL, 'the disk is sick'); END`,
  );
  return {
    [Symbol.dispose]() {
      each((name) => `DROP TRIGGER ${name}`);
      db.close();
    },
  };
}
