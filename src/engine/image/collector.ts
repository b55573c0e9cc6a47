import type { TaskGroup } from '../../lib/async/task-group.ts';
import type { Trash } from '../../lib/fs/trash.ts';
import type { ChainId, Digest } from '../../oci/digest.ts';
import type { ContentStore } from '../../store/content/content-store.ts';
import type { ImageRecords } from '../../store/record/image-records.ts';
import type { LayerStore } from '../../store/snapshot/layer-store.ts';
import type { Catalog } from './catalog.ts';
import { findNeeded } from './needed.ts';

/**
 * Removes blobs and unpacked layers that no image needs (layers in use by containers are the layer store's to keep).
 * It never runs beside work that adds content: such work holds a lease from before its first look at what is here until its
 * records are written.
 */
export interface Collector {
  /** Waits for a collection that runs. While any lease is held none begins. */
  lease(): Promise<Disposable>;
  /**
   * Collects now, or, while leases are held, when the last one is given back. Resolves when it is off the disk or put off. `partials`:
   * which beginnings of pulls that were cut off go too, those older than a day (`old`, the default) or `all`. `dropped`: content
   * that an image names and is to do without, unless another one needs it. Resolves with the bytes of the beginnings that this call took
   * away.
   */
  collect(options?: {
    readonly partials?: 'old' | 'all';
    readonly dropped?: readonly DroppedContent[];
  }): Promise<number>;
  /** All that is here of an image stays, whatever was to be dropped of it: somebody with a lease has just fetched it. */
  claim(target: Digest): void;
}

export interface DroppedContent {
  readonly target: Digest;
  /** Manifests below the target; what only they lead to goes with them. */
  readonly manifests: readonly Digest[];
}

export interface CollectorDeps {
  readonly content: ContentStore;
  readonly layers: LayerStore;
  readonly records: ImageRecords;
  readonly catalog: Catalog;
  /** What is kept beside images: cached steps of builds. */
  readonly cached?: () => readonly { readonly digest: Digest; readonly chain: ChainId | undefined }[];
  /** Where the layer store puts what it gives up. */
  readonly trash: Trash;
  /** Owns collections that were put off. */
  readonly background: TaskGroup;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export function createCollector(deps: CollectorDeps): Collector {
  let leases = 0;
  let wanted: 'old' | 'all' | undefined;
  let running: Promise<Swept> | undefined;
  let drops = new Map<Digest, Set<Digest>>();
  const idle = async (): Promise<void> => {
    while (running) await running.catch(() => undefined);
  };

  const run = async (): Promise<number> => {
    // At once when it can be: a collection that was put off must not be put off again by whoever comes next.
    if (running) await idle();
    if (wanted === undefined || leases > 0) return 0;
    const dropping = drops;
    drops = new Map();
    running = sweep(deps, wanted, dropping).finally(() => (running = undefined));
    wanted = undefined;
    const { partialBytes, again } = await running;
    if (again) later(dropping);
    // Beside whatever goes on by now: nothing can come back out of the trash.
    await deps.trash.empty();
    return partialBytes;
  };
  const drop = (target: Digest, manifests: Iterable<Digest>): void =>
    void drops.set(target, new Set([...(drops.get(target) ?? []), ...manifests]));
  const later = (dropped: ReadonlyMap<Digest, ReadonlySet<Digest>>): void => {
    for (const [target, manifests] of dropped) drop(target, manifests);
    deps.background.spawn('image collection', async () => {
      await deps.layers.flush();
      wanted ??= 'old';
      await run();
    });
  };
  const release = (): void => {
    leases--;
    if (leases === 0 && wanted !== undefined) deps.background.spawn('image collection', run);
  };
  return {
    async lease() {
      await idle();
      leases++;
      let held = true;
      return {
        [Symbol.dispose]() {
          if (held) release();
          held = false;
        },
      };
    },
    async collect({ partials = 'old', dropped = [] } = {}) {
      wanted = wanted === 'all' ? 'all' : partials;
      for (const { target, manifests } of dropped) drop(target, manifests);
      return await run();
    },
    claim: (target) => void drops.delete(target),
  };
}

/** How long the beginning of a pull that was cut off is kept for the next one. */
const PARTIAL_MS = 24 * 60 * 60 * 1000;

interface Swept {
  /** Of beginnings of pulls that were dropped. */
  readonly partialBytes: number;
  /** Something must stay until all layers are on disk. */
  readonly again: boolean;
}

async function sweep(
  deps: CollectorDeps,
  partials: 'old' | 'all',
  drops: ReadonlyMap<Digest, ReadonlySet<Digest>>,
): Promise<Swept> {
  const { content, layers, records, catalog, now } = deps;
  const needed = await findNeeded(catalog, records.list(), drops);
  const cached = deps.cached?.() ?? [];
  const blobs = new Set([...needed.blobs, ...cached.map(({ digest }) => digest)]);
  layers.collect(new Set([...needed.chains, ...cached.flatMap(({ chain }) => chain ?? [])]));
  const unneeded: Digest[] = [];
  for await (const { digest } of content.list()) if (!blobs.has(digest)) unneeded.push(digest);
  // Layers of containers may need theirs for a moment more.
  const kept = layers.blobsInNeed();
  for (const digest of unneeded.filter((one) => !kept.has(one))) {
    await content.remove(digest);
    catalog.forget(digest);
  }
  const before = partials === 'all' ? Number.POSITIVE_INFINITY : now() - PARTIAL_MS;
  return { partialBytes: await content.dropPartials(before), again: unneeded.some((digest) => kept.has(digest)) };
}
