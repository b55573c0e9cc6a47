import type { BuildCacheRecord, DataRootAccount, SystemDataUsage } from '../../api/types/system.ts';
import { messageOf } from '../../lib/errors.ts';
import type { KeptContexts } from '../../linux/build/kept-contexts.ts';
import { digestHex } from '../../oci/digest.ts';
import { familiarReference, parseReference } from '../../oci/reference.ts';
import type { ContentStore } from '../../store/content/content-store.ts';
import type { BuildCache } from '../../store/record/build-cache.ts';
import type { CacheMounts } from '../../store/record/cache-mounts.ts';
import type { ImageRecord, ImageRecords } from '../../store/record/image-records.ts';
import type { LayerStore } from '../../store/snapshot/layer-store.ts';
import type { DataRoot } from '../../store/usage/data-root.ts';
import { KEPT_CONTEXT } from '../build/prune-cache.ts';
import type { ContainerService } from '../container/service.ts';
import type { Catalog } from '../image/catalog.ts';
import { findNeeded } from '../image/needed.ts';
import type { ImageService } from '../image/service.ts';
import type { VolumeService } from '../volume/volume.ts';
import { account, type Owners } from './account.ts';

export const USAGE_TYPES = ['container', 'image', 'volume', 'build-cache'] as const;
export type UsageType = (typeof USAGE_TYPES)[number];

export interface DiskUsageDeps {
  readonly images: Pick<ImageService, 'list'>;
  readonly containers: Pick<ContainerService, 'list'>;
  readonly volumes: Pick<VolumeService, 'usage' | 'list'>;
  readonly cache: BuildCache;
  readonly cacheMounts: CacheMounts;
  readonly keptContexts: Pick<KeptContexts, 'list'>;
  /** Bytes of files in a cache mount. */
  readonly cacheMountBytes: (name: string) => Promise<number>;
  readonly content: ContentStore;
  readonly layers: LayerStore;
  readonly records: ImageRecords;
  readonly catalog: Catalog;
  readonly dataRoot: DataRoot;
}

/**
 * What the engine's things take on disk: lengths of files, measured where they can change (containers, volumes), as they were unpacked
 * where they cannot (layers). See docs/concepts/image-store.md, "Sizes".
 */
export async function diskUsage(deps: DiskUsageDeps, types: ReadonlySet<UsageType>): Promise<SystemDataUsage> {
  const filters = new Map<string, string[]>();
  return {
    LayersSize: types.has('image') ? await imagesSize(deps) : 0,
    Images: types.has('image')
      ? await deps.images.list({ all: false, digests: false, sharedSize: true, filters })
      : null,
    Containers: types.has('container') ? await deps.containers.list({ all: true, size: true, filters }) : null,
    Volumes: types.has('volume') ? await deps.volumes.usage() : null,
    BuildCache: types.has('build-cache') ? await buildCache(deps) : null,
  };
}

/** Every blob and every unpacked layer once, needed or not. */
async function imagesSize({ content, layers }: DiskUsageDeps): Promise<number> {
  let total = layers.list().reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  for await (const { size } of content.list()) total += size;
  return total;
}

/** Cached steps, cache mounts and files of clients; a layer that an image has too (`Shared`) is counted with the images. An entry whose layer is gone is not told of. */
export async function buildCache({
  cache,
  content,
  catalog,
  records: images,
  cacheMounts,
  cacheMountBytes,
  keptContexts,
}: Pick<
  DiskUsageDeps,
  'cache' | 'content' | 'catalog' | 'records' | 'cacheMounts' | 'cacheMountBytes' | 'keptContexts'
>): Promise<readonly BuildCacheRecord[]> {
  const needed = await findNeeded(catalog, images.list());
  const records: BuildCacheRecord[] = [];
  for (const { key, layer, description, createdAtMs, usedAtMs, uses } of cache.list()) {
    const { digest, size } = layer.descriptor;
    if (!(await content.has(digest, size))) continue;
    records.push({
      ID: key,
      Type: 'regular',
      Description: description,
      InUse: false,
      Shared: needed.blobs.has(digest),
      Size: size,
      CreatedAt: new Date(createdAtMs).toISOString(),
      LastUsedAt: usedAtMs === undefined ? null : new Date(usedAtMs).toISOString(),
      UsageCount: uses,
    });
  }
  for (const { name, id, createdAtMs, usedAtMs, uses } of cacheMounts.list())
    records.push({
      ID: name,
      Type: 'exec.cachemount',
      Description: `cached mount ${id}`,
      InUse: false,
      Shared: false,
      Size: await cacheMountBytes(name),
      CreatedAt: new Date(createdAtMs).toISOString(),
      LastUsedAt: new Date(usedAtMs).toISOString(),
      UsageCount: uses,
    });
  for (const { name, bytes, createdAtMs, usedAtMs, inUse } of keptContexts.list())
    records.push({
      ID: name,
      Type: 'source.local',
      Description: KEPT_CONTEXT,
      InUse: inUse,
      Shared: false,
      Size: bytes,
      CreatedAt: new Date(createdAtMs).toISOString(),
      LastUsedAt: new Date(usedAtMs).toISOString(),
      UsageCount: 1,
    });
  return records;
}

/** Every byte below the data root by what it belongs to, beside what du says. */
export async function explainDataRoot(deps: DiskUsageDeps): Promise<DataRootAccount> {
  const owners = await findOwners(deps);
  const measured = await deps.dataRoot.measure();
  const du = await deps.dataRoot.du().then(
    ({ apparentBytes, diskBytes }) => ({ ApparentBytes: apparentBytes, DiskBytes: diskBytes }),
    (error: unknown) => ({ Error: messageOf(error) }),
  );
  return { Path: deps.dataRoot.path, ...account(measured, owners), Du: du };
}

async function findOwners({ records, catalog, layers, containers, volumes }: DiskUsageDeps): Promise<Owners> {
  const [blobs, folders] = [new Map<string, Set<string>>(), new Map<string, Set<string>>()];
  const chainFolders = new Map(layers.list().map(({ chain, path }) => [chain, path.split('/').at(-1) ?? '']));
  for (const record of records.list()) {
    const needed = await findNeeded(catalog, [record]);
    for (const digest of needed.blobs) add(blobs, digestHex(digest), shownName(record));
    for (const chain of needed.chains) add(folders, chainFolders.get(chain) ?? '', shownName(record));
  }
  for (const { path, held } of layers.list()) if (held) add(folders, path.split('/').at(-1) ?? '', '');
  const all = await containers.list({ all: true, size: false, filters: new Map() });
  const names = new Map(all.map(({ Id = '', Names }) => [Id, Names?.[0]?.replace(/^\//, '') ?? Id]));
  const volumeNames = new Set((await volumes.list(new Map())).volumes.map(({ Name }) => Name));
  const joined = (found: ReadonlySet<string> | undefined): string | undefined =>
    found && [...found].filter((name) => name !== '').join(', ');
  return {
    blob: (hex) => joined(blobs.get(hex)),
    layer: (name) => joined(folders.get(name)),
    container: (id) => names.get(id),
    volume: (name) => volumeNames.has(name),
  };
}

function add(map: Map<string, Set<string>>, key: string, value: string): void {
  const values = map.get(key) ?? new Set();
  map.set(key, values.add(value));
}

function shownName({ names, target }: ImageRecord): string {
  const [name] = names;
  return name === undefined ? target.digest : familiarReference(parseReference(name));
}
