import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Trash } from '../../lib/fs/trash.ts';
import { chainIdOver } from '../../oci/chain-id.ts';
import type { ChainId, Digest } from '../../oci/digest.ts';
import type { ContentStore } from '../content/content-store.ts';
import type { DraftLayers } from './draft-layers.ts';
import type { LayerTable } from './layer-table.host.ts';
import type { SnapshotPaths } from './paths.ts';

export interface DraftDeps {
  readonly paths: SnapshotPaths;
  readonly content: Pick<ContentStore, 'adopt'>;
  readonly trash: Trash;
  /** A folder name that no other layer has. */
  readonly nextName: () => string;
  readonly table: Pick<LayerTable, 'rows' | 'add'>;
  /** Folders of a chain, uppermost first; never empty. */
  readonly lowerOf: (chain: ChainId | undefined) => readonly string[];
  /** Resolves when everything written to the layers' file system before is on disk. */
  readonly flush: () => Promise<void>;
}

/** What waits to become durable. */
interface Pending {
  readonly blob: string;
  readonly digest: Digest;
  readonly folder: string;
  /** The blob has its name. */
  named: boolean;
}

/**
 * Blobs of what is adopted get their names after the flush that makes them durable, so that no name stands for a half written one. Layers
 * are in the table at once, which knows what a power failure may have torn.
 */
export function createDraftLayers(deps: DraftDeps): DraftLayers {
  const { paths, content, trash, table } = deps;
  mkdirSync(paths.drafts, { recursive: true, mode: 0o710 });
  let pending: Pending[] = [];
  /** Folders of drafts whose blobs are still to be named. */
  const kept = new Set<string>();
  let queued: Promise<void> | undefined;
  let tail = Promise.resolve();

  const flush = async (): Promise<void> => {
    const batch = pending;
    pending = [];
    if (batch.length === 0) return;
    try {
      await deps.flush();
      for (const one of batch) {
        if (!one.named) await content.adopt(one.blob, one.digest);
        one.named = true;
      }
    } catch (error) {
      pending = [...batch, ...pending];
      throw error;
    }
    for (const { folder } of batch) {
      kept.delete(folder);
      trash.put(folder);
    }
  };
  /** The flush that runs may have begun before the last adoption: the one after it is waited for. */
  const settle = (): Promise<void> => {
    queued ??= (async (before) => {
      await before.catch(() => undefined);
      queued = undefined;
      await flush();
    })(tail);
    tail = queued;
    return tail;
  };

  return {
    begin(chain) {
      const lower = deps.lowerOf(chain);
      const folder = join(paths.drafts, deps.nextName());
      for (const name of ['u', 'w']) mkdirSync(join(folder, name), { recursive: true, mode: 0o755 });
      return { folder, lower, upper: join(folder, 'u'), work: join(folder, 'w'), blob: join(folder, 'layer') };
    },
    adopt({ upper, blob, parent, digest, diffId, sizeBytes }) {
      const chain = chainIdOver(parent, diffId);
      const folder = join(blob, '..');
      kept.add(folder);
      pending.push({ blob, digest, folder, named: false });
      if (table.rows.has(chain)) return chain;
      const name = deps.nextName();
      renameSync(upper, paths.layer(name));
      table.add({ chain, parent: parent ?? null, name, sizeBytes, digest, diffId });
      return chain;
    },
    discard({ folder }) {
      if (!kept.has(folder)) trash.put(folder);
    },
    settle,
    lowerOf: deps.lowerOf,
  };
}
