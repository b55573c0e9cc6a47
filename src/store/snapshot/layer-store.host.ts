import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { createLimit } from '../../lib/async/limit.ts';
import { createSingleFlight } from '../../lib/async/single-flight.ts';
import { KnownError } from '../../lib/errors.ts';
import { chainIdsOf } from '../../oci/chain-id.ts';
import type { ChainId, DiffId } from '../../oci/digest.ts';
import type { ContentStore } from '../content/content-store.ts';
import type { Database } from '../record/database.host.ts';
import type { LayerStore } from './layer-store.ts';
import { snapshotPaths } from './paths.ts';
import { detectCompression, type UnpackAnswer } from './unpack.ts';

/** Threads that unpack at once: unpacking is bound by the disk and by inflate. */
const PARALLEL_UNPACKS = 3;

interface LayerRow {
  readonly chain: ChainId;
  readonly parent: ChainId | null;
  readonly name: string;
  readonly sizeBytes: number;
}

/** The store on disk. What is not recorded when it starts was half made, and is removed. */
export function createLayerStore(deps: {
  readonly root: string;
  readonly content: ContentStore;
  readonly db: Database;
}): LayerStore {
  const { content, db } = deps;
  const paths = snapshotPaths(deps.root);
  for (const folder of [paths.layers, paths.writable, paths.empty]) mkdirSync(folder, { recursive: true, mode: 0o710 });
  db.run(
    'CREATE TABLE IF NOT EXISTS layer (chain TEXT PRIMARY KEY, parent TEXT, name TEXT NOT NULL UNIQUE, sizeBytes INTEGER NOT NULL)',
  );
  const layers = new Map(
    db
      .query<LayerRow, []>('SELECT chain, parent, name, sizeBytes FROM layer')
      .all()
      .map((row) => [row.chain, row]),
  );
  db.run('CREATE TABLE IF NOT EXISTS writable (container TEXT PRIMARY KEY, chain TEXT)');
  const writables = new Map(
    db
      .query<{ container: string; chain: ChainId | null }, []>('SELECT container, chain FROM writable')
      .all()
      .map((row) => [row.container, row.chain ?? undefined]),
  );
  removeUnrecorded(paths.layers, new Set(['empty', ...Array.from(layers.values(), ({ name }) => name)]));
  removeUnrecorded(paths.writable, new Set(writables.keys()));
  let counter = Math.max(0, ...Array.from(layers.values(), ({ name }) => Number.parseInt(name, 36)));
  const limit = createLimit(PARALLEL_UNPACKS);
  const flights = createSingleFlight<LayerRow>();

  const unpackOne = async (
    chain: ChainId,
    parent: ChainId | undefined,
    layer: { readonly diffId: DiffId; readonly digest: Parameters<ContentStore['path']>[0] },
  ): Promise<LayerRow> => {
    const name = (++counter).toString(36);
    const target = paths.layer(name);
    mkdirSync(target, { mode: 0o755 });
    try {
      const blob = await content.path(layer.digest);
      const answer = await runWorker({ blob, target, compression: detectCompression(readHead(blob)) });
      if (answer.kind === 'failed')
        throw new KnownError('invalid_parameter', `failed to register layer: ${answer.message}`);
      if (answer.diffId !== layer.diffId)
        throw new KnownError(
          'data_loss',
          `layer ${layer.digest} unpacks to ${answer.diffId}, the image says ${layer.diffId}`,
        );
      return { chain, parent: parent ?? null, name, sizeBytes: answer.sizeBytes };
    } catch (error) {
      await rm(target, { recursive: true, force: true });
      throw error;
    }
  };
  const record = (row: LayerRow): void => {
    if (layers.has(row.chain)) return;
    db.run('INSERT INTO layer (chain, parent, name, sizeBytes) VALUES (?, ?, ?, ?)', [
      row.chain,
      row.parent,
      row.name,
      row.sizeBytes,
    ]);
    layers.set(row.chain, row);
  };
  const get = (chain: ChainId): LayerRow => {
    const row = layers.get(chain);
    if (!row) throw new KnownError('not_found', `layers ${chain} are not unpacked`);
    return row;
  };

  return {
    async ensureUnpacked(wanted, { signal, onLayer }) {
      const chains = chainIdsOf(wanted.map(({ diffId }) => diffId));
      const unpacks = wanted.map(async ({ descriptor, diffId }, index) => {
        const chain = chains[index];
        if (chain === undefined || layers.has(chain)) return;
        await flights.run(
          chain,
          async () =>
            await limit(async () => {
              signal?.throwIfAborted();
              onLayer?.(index, 'extracting');
              const row = await unpackOne(chain, chains[index - 1], { diffId, digest: descriptor.digest });
              record(row);
              return row;
            }),
        );
        onLayer?.(index, 'done');
      });
      const failed = (await Promise.allSettled(unpacks)).find((result) => result.status === 'rejected');
      if (failed) throw failed.reason;
      return chains.at(-1);
    },
    isUnpacked: (chain) => layers.has(chain),
    layerSizeBytes: (chain) => get(chain).sizeBytes,
    async collect(keep) {
      const needed = withParents([...keep, ...writables.values()], layers);
      for (const row of [...layers.values()].filter(({ chain }) => !needed.has(chain))) {
        db.run('DELETE FROM layer WHERE chain = ?', [row.chain]);
        layers.delete(row.chain);
        await rm(paths.layer(row.name), { recursive: true, force: true });
      }
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
      const lower: string[] = [];
      for (let chain = writables.get(containerId); chain !== undefined; chain = get(chain).parent ?? undefined)
        lower.push(paths.layer(get(chain).name));
      return {
        lower: lower.length > 0 ? lower : [paths.empty],
        upper: paths.upper(containerId),
        work: paths.work(containerId),
      };
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

function removeUnrecorded(folder: string, recorded: ReadonlySet<string>): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder))
    if (!recorded.has(name)) rmSync(`${folder}/${name}`, { recursive: true, force: true });
}

function readHead(path: string): Uint8Array {
  const fd = openSync(path, 'r');
  const head = new Uint8Array(4);
  try {
    readSync(fd, head);
  } finally {
    closeSync(fd);
  }
  return head;
}

/** One thread for one layer: it is chrooted for good. */
async function runWorker(request: {
  readonly blob: string;
  readonly target: string;
  readonly compression: 'none' | 'gzip' | 'zstd';
}): Promise<UnpackAnswer> {
  const worker = new Worker(new URL('./unpack.worker.ts', import.meta.url));
  const { promise, resolve, reject } = Promise.withResolvers<UnpackAnswer>();
  worker.once('message', resolve);
  worker.once('error', reject);
  worker.once('exit', () => reject(new KnownError('system', 'unpacking thread ended without an answer')));
  worker.postMessage(request);
  try {
    return await promise;
  } finally {
    await worker.terminate();
  }
}
