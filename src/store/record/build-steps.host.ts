import { gunzipSync, gzipSync } from 'node:zlib';
import type { BuildSteps, BuiltStep } from './build-steps.ts';
import type { Database } from './database.host.ts';

/** Of one instruction at one place. */
const KEPT = 4;
const MAX_ROWS = 4000;

interface Row {
  readonly place: string;
  readonly instruction: string;
  readonly inputs: Uint8Array;
  readonly build: string;
  readonly at_ms: number;
}

export function createBuildSteps(db: Database): BuildSteps {
  db.run(
    'CREATE TABLE IF NOT EXISTS build_step (number INTEGER PRIMARY KEY, place TEXT NOT NULL, instruction TEXT NOT NULL, inputs BLOB NOT NULL, build TEXT NOT NULL, at_ms INTEGER NOT NULL)',
  );
  db.run('CREATE INDEX IF NOT EXISTS build_step_place ON build_step (place)');
  db.run('CREATE INDEX IF NOT EXISTS build_step_instruction ON build_step (instruction)');
  const insert = db.transaction(({ place, instruction, inputs, build }: BuiltStep) => {
    const packed = gzipSync(JSON.stringify(inputs));
    db.run('INSERT INTO build_step (place, instruction, inputs, build, at_ms) VALUES (?, ?, ?, ?, ?)', [
      place,
      instruction,
      packed,
      build.name,
      build.atMs,
    ]);
    db.run(
      'DELETE FROM build_step WHERE place = ?1 AND instruction = ?2 AND number NOT IN (SELECT number FROM build_step WHERE place = ?1 AND instruction = ?2 ORDER BY number DESC LIMIT ?3)',
      [place, instruction, KEPT],
    );
    db.run('DELETE FROM build_step WHERE number <= (SELECT max(number) FROM build_step) - ?', [MAX_ROWS]);
  });
  return {
    keep: (step) => insert(step),
    like: ({ place, instruction }) =>
      db
        .query<Row, [string, string]>(
          'SELECT * FROM build_step WHERE place = ? OR instruction = ? ORDER BY number DESC LIMIT 20',
        )
        .all(place, instruction)
        .map((row) => ({
          place: row.place,
          instruction: row.instruction,
          inputs: JSON.parse(gunzipSync(row.inputs).toString('utf8')) as BuiltStep['inputs'],
          build: { name: row.build, atMs: row.at_ms },
        })),
  };
}
