import type { ChainId, DiffId, Digest } from '../../oci/digest.ts';
import type { Database } from '../record/database.host.ts';

/** An unpacked layer. */
export interface LayerRow {
  readonly chain: ChainId;
  readonly parent: ChainId | null;
  /** Its folder. */
  readonly name: string;
  readonly sizeBytes: number;
  /** The blob it was unpacked from. */
  readonly digest: Digest;
  readonly diffId: DiffId;
}

/**
 * Which layers are unpacked. A layer counts from when its files are there; that they are on disk is noted later. One that is not noted
 * so may be torn by a power failure, which is told by the kernel's boot id (proc(5), /proc/sys/kernel/random/boot_id).
 */
export interface LayerTable {
  readonly rows: ReadonlyMap<ChainId, LayerRow>;
  /** Layers that an earlier boot left without the note. They are not among `rows`. */
  readonly torn: readonly LayerRow[];
  /** Those of `rows` that are not noted to be on disk. */
  unsure(): readonly LayerRow[];
  /** Replaces a torn one. */
  add(row: LayerRow): void;
  noteDurable(rows: readonly LayerRow[]): void;
  remove(chain: ChainId): void;
}

interface Stored extends LayerRow {
  /** Boot under which it was unpacked; null: it is on disk. */
  readonly boot: string | null;
}

export function createLayerTable(db: Database, bootId: string): LayerTable {
  db.run(
    'CREATE TABLE IF NOT EXISTS layer (chain TEXT PRIMARY KEY, parent TEXT, name TEXT NOT NULL UNIQUE, sizeBytes INTEGER NOT NULL)',
  );
  const columns = new Set(
    db
      .query<{ name: string }, []>('PRAGMA table_info(layer)')
      .all()
      .map(({ name }) => name),
  );
  for (const name of ['digest', 'diffId', 'boot'])
    if (!columns.has(name)) db.run(`ALTER TABLE layer ADD COLUMN ${name} TEXT`);
  const stored = db.query<Stored, []>('SELECT chain, parent, name, sizeBytes, digest, diffId, boot FROM layer').all();
  const isTorn = ({ boot }: Stored): boolean => boot !== null && boot !== bootId;
  const rows = new Map<ChainId, LayerRow>(stored.filter((row) => !isTorn(row)).map((row) => [row.chain, row]));
  const unsure = new Map<ChainId, LayerRow>(
    stored.filter(({ boot }) => boot === bootId).map((row) => [row.chain, row]),
  );
  return {
    rows,
    unsure: () => [...unsure.values()],
    torn: stored.filter(isTorn),
    add(row) {
      db.run(
        'INSERT OR REPLACE INTO layer (chain, parent, name, sizeBytes, digest, diffId, boot) VALUES (?, ?, ?, ?, ?, ?, ?)',
        [row.chain, row.parent, row.name, row.sizeBytes, row.digest, row.diffId, bootId],
      );
      rows.set(row.chain, row);
      unsure.set(row.chain, row);
    },
    noteDurable(durable) {
      for (const { chain, name } of durable) {
        db.run('UPDATE layer SET boot = NULL WHERE chain = ? AND name = ?', [chain, name]);
        if (unsure.get(chain)?.name === name) unsure.delete(chain);
      }
    },
    remove(chain) {
      db.run('DELETE FROM layer WHERE chain = ?', [chain]);
      rows.delete(chain);
      unsure.delete(chain);
    },
  };
}
