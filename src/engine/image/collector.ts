import type { TaskGroup } from '../../lib/async/task-group.ts';
import { chainIdsOf } from '../../oci/chain-id.ts';
import type { ChainId, Digest } from '../../oci/digest.ts';
import type { ContentStore } from '../../store/content/content-store.ts';
import type { ImageRecords } from '../../store/record/image-records.ts';
import type { LayerStore } from '../../store/snapshot/layer-store.ts';
import type { Catalog } from './catalog.ts';

/**
 * Removes blobs and unpacked layers that no image needs (layers in use by containers are the layer store's to keep).
 * It never runs beside work that adds content: such work holds a lease from before its first look at what is here until its
 * records are written.
 */
export interface Collector {
  /** Waits for a collection that runs. While any lease is held none begins. */
  lease(): Promise<Disposable>;
  /** Collects now, or, while leases are held, when the last one is given back. Resolves when done or put off. */
  collect(): Promise<void>;
}

export interface CollectorDeps {
  readonly content: ContentStore;
  readonly layers: LayerStore;
  readonly records: ImageRecords;
  readonly catalog: Catalog;
  /** Owns collections that were put off. */
  readonly background: TaskGroup;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export function createCollector(deps: CollectorDeps): Collector {
  let leases = 0;
  let wanted = false;
  let running: Promise<unknown> | undefined;

  const run = async (): Promise<void> => {
    while (running) await running;
    if (!wanted || leases > 0) return;
    wanted = false;
    running = sweep(deps)
      .then((outcome) => outcome === 'again' && later())
      .finally(() => (running = undefined));
    await running;
  };
  const later = (): void =>
    deps.background.spawn('image collection', async () => {
      await deps.layers.flush();
      wanted = true;
      await run();
    });
  const release = (): void => {
    leases--;
    if (leases === 0 && wanted) deps.background.spawn('image collection', run);
  };
  return {
    async lease() {
      while (running) await running.catch(() => undefined);
      leases++;
      let held = true;
      return {
        [Symbol.dispose]() {
          if (held) release();
          held = false;
        },
      };
    },
    async collect() {
      wanted = true;
      await run();
    },
  };
}

/** How long the beginning of a pull that was cut off is kept for the next one. */
const PARTIAL_MS = 24 * 60 * 60 * 1000;

/** `again`: something must stay until all layers are on disk. */
async function sweep({ content, layers, records, catalog, now }: CollectorDeps): Promise<'done' | 'again'> {
  const blobs = new Set<Digest>();
  const chains = new Set<ChainId>();
  for (const { target } of records.list()) {
    for (const { digest } of await catalog.reachable(target)) blobs.add(digest);
    for (const { document } of await catalog.manifests(target))
      for (const chain of chainIdsOf(document.diffIds)) chains.add(chain);
  }
  await layers.collect(chains);
  const unneeded: Digest[] = [];
  for await (const { digest } of content.list()) if (!blobs.has(digest)) unneeded.push(digest);
  // Layers of containers may need theirs for a moment more.
  const kept = layers.blobsInNeed();
  for (const digest of unneeded) if (!kept.has(digest)) await content.remove(digest);
  await content.dropPartials(now() - PARTIAL_MS);
  return unneeded.some((digest) => kept.has(digest)) ? 'again' : 'done';
}
