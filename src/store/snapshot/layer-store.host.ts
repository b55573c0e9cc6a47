import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createLimit } from '../../lib/async/limit.ts';
import { createSingleFlight } from '../../lib/async/single-flight.ts';
import type { TaskGroup } from '../../lib/async/task-group.ts';
import { isKind, KnownError } from '../../lib/errors.ts';
import type { Trash } from '../../lib/fs/trash.ts';
import { spreadFolders } from '../../linux/files/spread-folders.host.ts';
import { chainIdsOf } from '../../oci/chain-id.ts';
import type { ChainId, DiffId, Digest } from '../../oci/digest.ts';
import type { ContentStore, GrowingBlob } from '../content/content-store.ts';
import type { Database } from '../record/database.host.ts';
import { createDraftLayers } from './draft-layers.host.ts';
import type { DraftLayers } from './draft-layers.ts';
import { createFlusher } from './flusher.host.ts';
import type { LayerStore } from './layer-store.ts';
import { createLayerTable, type LayerRow } from './layer-table.host.ts';
import { snapshotPaths } from './paths.ts';
import { unpackInto } from './unpack-into.host.ts';
import { createUnpackThreads } from './unpack-threads.host.ts';

/** Threads that unpack at once what is there: unpacking is bound by the disk and by inflate. */
const PARALLEL_UNPACKS = 3;
/** Threads besides that follow downloads, however slow these are. What comes when all are taken is unpacked when it is whole. */
const FOLLOWERS = 9;
const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/** A layer to unpack. */
interface Work {
  readonly chain: ChainId;
  readonly parent: ChainId | undefined;
  readonly layer: { readonly diffId: DiffId; readonly descriptor: { readonly digest: Digest } };
  readonly growing: GrowingBlob | undefined;
  readonly onStart: () => void;
}

/** The store on disk. What is not recorded when it starts was half made, and is removed. */
export function createLayerStore(deps: {
  readonly root: string;
  readonly content: ContentStore;
  readonly db: Database;
  /** On the file system of `root`. */
  readonly trash: Trash;
  /** Owns the writing to disk of layers that are in use already. */
  readonly background: TaskGroup;
  /** The kernel's; another one tells that the machine has gone down in between. */
  readonly bootId?: string;
}): LayerStore & DraftLayers {
  const { content, db, trash, background } = deps;
  const paths = snapshotPaths(deps.root);
  for (const folder of [paths.layers, paths.writable, paths.empty, paths.drafts])
    mkdirSync(folder, { recursive: true, mode: 0o710 });
  for (const folder of [paths.layers, paths.drafts]) spreadFolders(folder);
  const table = createLayerTable(db, deps.bootId ?? readFileSync(BOOT_ID, 'utf8').trim());
  const layers = table.rows;
  db.run('CREATE TABLE IF NOT EXISTS writable (container TEXT PRIMARY KEY, chain TEXT)');
  const writables = new Map(
    db
      .query<{ container: string; chain: ChainId | null }, []>('SELECT container, chain FROM writable')
      .all()
      .map((row) => [row.container, row.chain ?? undefined]),
  );
  discardUnrecorded(trash, paths.layers, new Set(['empty', ...Array.from(layers.values(), ({ name }) => name)]));
  discardUnrecorded(trash, paths.writable, new Set(writables.keys()));
  discardUnrecorded(trash, paths.drafts, new Set());
  let counter = Math.max(0, ...[...layers.values(), ...table.torn].map(({ name }) => Number.parseInt(name, 36)));
  const limit = createLimit(PARALLEL_UNPACKS);
  const flights = createSingleFlight<LayerRow>();
  const threads = createUnpackThreads();
  const flusher = createFlusher({ table, folder: paths.layers, background });

  const unpackOne = async (
    { chain, parent, layer, growing, onStart }: Work,
    signal: AbortSignal | undefined,
  ): Promise<LayerRow> => {
    const name = (++counter).toString(36);
    const target = paths.layer(name);
    mkdirSync(target, { mode: 0o755 });
    await using undo = new AsyncDisposableStack();
    undo.defer(() => rm(target, { recursive: true, force: true }));
    const answer = await whenRoom(growing, async () => {
      signal?.throwIfAborted();
      onStart();
      const path = (): Promise<string> => content.path(layer.descriptor.digest);
      return await unpackInto(threads, target, { path, growing }, signal);
    }).catch(async (error: unknown) => {
      // One that comes just now is verified by who writes it.
      if (!growing && isKind(error, 'invalid_parameter') && !(await content.verify(layer.descriptor.digest)))
        throw damaged(layer.descriptor.digest, error);
      throw error;
    });
    if (answer.diffId !== layer.diffId) {
      if (!growing && !(await content.verify(layer.descriptor.digest)))
        throw damaged(layer.descriptor.digest, undefined);
      throw new KnownError(
        'data_loss',
        `layer ${layer.descriptor.digest} unpacks to ${answer.diffId}, the image says ${layer.diffId}`,
      );
    }
    const { diffId, descriptor } = layer;
    const row = { chain, parent: parent ?? null, name, sizeBytes: answer.sizeBytes, digest: descriptor.digest, diffId };
    table.add(row);
    undo.move();
    flusher.soon();
    return row;
  };
  let following = 0;
  const whenRoom = async <T>(growing: GrowingBlob | undefined, work: () => Promise<T>): Promise<T> => {
    if (growing === undefined) return await limit(work);
    if (following >= FOLLOWERS) {
      await growing.more(Number.POSITIVE_INFINITY);
      return await limit(work);
    }
    following++;
    try {
      return await work();
    } finally {
      following--;
    }
  };
  /** What fails in another's hands, its cancelling above all, is tried in our own. */
  const unpackShared = async (work: Work, signal: AbortSignal | undefined): Promise<void> => {
    for (let mine = false; !layers.has(work.chain); ) {
      try {
        await flights.run(work.chain, async () => {
          mine = true;
          return await unpackOne(work, signal);
        });
      } catch (error) {
        if (mine || signal?.aborted) throw error;
      }
    }
  };
  const get = (chain: ChainId): LayerRow => {
    const row = layers.get(chain);
    if (!row) throw new KnownError('not_found', `layers ${chain} are not unpacked`);
    return row;
  };

  const lowerOf = (top: ChainId | undefined): readonly string[] => {
    const lower: string[] = [];
    for (let chain = top; chain !== undefined; chain = get(chain).parent ?? undefined)
      lower.push(paths.layer(get(chain).name));
    return lower.length > 0 ? lower : [paths.empty];
  };

  return {
    ...createDraftLayers({
      paths,
      content,
      trash,
      table,
      lowerOf,
      nextName: () => (++counter).toString(36),
      flush: () => flusher.flush(),
    }),
    async ensureUnpacked(wanted, { signal, onLayer, follow }) {
      const chains = chainIdsOf(wanted.map(({ diffId }) => diffId));
      const unpacks = wanted.map(async (layer, index) => {
        const chain = chains[index];
        if (chain === undefined || layers.has(chain)) return;
        const growing = await follow?.(index);
        const onStart = (): void => onLayer?.(index, 'extracting');
        await unpackShared({ chain, parent: chains[index - 1], layer, growing, onStart }, signal);
        onLayer?.(index, 'done');
      });
      const failed = (await Promise.allSettled(unpacks)).find((result) => result.status === 'rejected');
      if (failed) throw failed.reason;
      return chains.at(-1);
    },
    async recover(onError) {
      const torn = new Map(table.torn.map((row) => [row.chain, row]));
      const needed = withParents([...writables.values()], new Map([...layers, ...torn]));
      for (const { chain, parent, digest, diffId } of torn.values()) {
        if (!needed.has(chain)) table.remove(chain);
        if (!needed.has(chain) || layers.has(chain)) continue;
        const layer = { diffId, descriptor: { digest } };
        const work = { chain, parent: parent ?? undefined, layer, growing: undefined, onStart: () => undefined };
        await unpackShared(work, undefined).catch((error: unknown) =>
          onError(`unpacking layer ${digest} again`, error),
        );
      }
    },
    blobsInNeed: () => new Set(table.unsure().map(({ digest }) => digest)),
    flush: () => flusher.flush(),
    isUnpacked: (chain) => layers.has(chain),
    layerSizeBytes: (chain) => get(chain).sizeBytes,
    collect(keep) {
      const needed = withParents([...keep, ...writables.values()], layers);
      for (const row of [...layers.values()].filter(({ chain }) => !needed.has(chain))) {
        table.remove(row.chain);
        trash.put(paths.layer(row.name));
      }
    },
    list() {
      const held = withParents([...writables.values()], layers);
      return [...layers.values()].map(({ chain, name, sizeBytes }) => ({
        chain,
        path: paths.layer(name),
        sizeBytes,
        held: held.has(chain),
      }));
    },
    async createWritable(containerId, chain) {
      if (chain !== undefined) get(chain);
      mkdirSync(paths.upper(containerId), { recursive: true, mode: 0o755 });
      mkdirSync(paths.work(containerId), { mode: 0o700 });
      db.run('INSERT INTO writable (container, chain) VALUES (?, ?)', [containerId, chain ?? null]);
      writables.set(containerId, chain);
    },
    rootfs(containerId) {
      if (!writables.has(containerId)) throw new KnownError('not_found', `container ${containerId} has no file system`);
      return {
        lower: lowerOf(writables.get(containerId)),
        upper: paths.upper(containerId),
        work: paths.work(containerId),
      };
    },
    lowerSizeBytes(containerId) {
      if (!writables.has(containerId)) throw new KnownError('not_found', `container ${containerId} has no file system`);
      return [...withParents([writables.get(containerId)], layers)].reduce(
        (sum, chain) => sum + get(chain).sizeBytes,
        0,
      );
    },
    async removeWritable(containerId) {
      db.run('DELETE FROM writable WHERE container = ?', [containerId]);
      writables.delete(containerId);
      await rm(`${paths.writable}/${containerId}`, { recursive: true, force: true });
    },
    listWritable: () => [...writables.keys()],
  };
}

function withParents(
  chains: readonly (ChainId | undefined)[],
  layers: ReadonlyMap<ChainId, LayerRow>,
): ReadonlySet<ChainId> {
  const all = new Set<ChainId>();
  for (const start of chains) {
    for (let chain = start; chain !== undefined && !all.has(chain); chain = layers.get(chain)?.parent ?? undefined)
      all.add(chain);
  }
  return all;
}

/** By a rename each: the start of the daemon does not wait until large trees are gone. */
function discardUnrecorded(trash: Trash, folder: string, recorded: ReadonlySet<string>): void {
  for (const name of readdirSync(folder)) if (!recorded.has(name)) trash.put(`${folder}/${name}`);
}

function damaged(digest: string, cause: unknown): KnownError {
  return new KnownError('data_loss', `layer ${digest} was damaged on disk and is removed; pull the image again`, {
    cause,
  });
}
