import { chainIdsOf } from '../../oci/chain-id.ts';
import type { ChainId, Digest } from '../../oci/digest.ts';
import { familiarName, familiarReference, parseReference } from '../../oci/reference.ts';
import type { ImageRecord } from '../../store/record/image-records.ts';
import type { LayerStore } from '../../store/snapshot/layer-store.ts';
import type { CatalogEntry, LocalManifest } from './catalog.ts';
import { pickManifest } from './catalog.ts';
import type { ImageServiceDeps } from './deps.ts';

type Deps = Pick<ImageServiceDeps, 'catalog' | 'content' | 'layers' | 'records' | 'host'>;

/** An image with what lists and filters ask of it. */
export interface DescribedImage {
  readonly record: ImageRecord;
  readonly repoTags: readonly string[];
  readonly repoDigests: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** When it was built, in milliseconds since the epoch; 0 when the image does not say. */
  readonly createdMs: number;
  /** The platform that lists speak of: the machine's, else the first here; undefined: none is complete. */
  readonly best: LocalManifest | undefined;
  readonly manifests: readonly LocalManifest[];
  /** Blobs and unpacked layers of all platforms and artifacts here, by identity, so that sharing can be counted. */
  readonly parts: ReadonlyMap<Digest, number>;
}

export async function describeImage(deps: Deps, record: ImageRecord): Promise<DescribedImage> {
  const entries = await deps.catalog.entries(record.target);
  const manifests = entries.flatMap(({ local }) => local ?? []);
  const best = pickManifest(manifests, deps.host, true);
  const created = Date.parse(best?.document.created ?? '');
  return {
    record,
    ...repoNames(record),
    labels: labelsOf(best),
    createdMs: Number.isNaN(created) ? 0 : created,
    best,
    manifests,
    parts: new Map([...partsOf(deps.layers, manifests), ...(await otherParts(deps, entries))]),
  };
}

/** Every image, newest first. */
export async function describeAll(deps: Deps): Promise<readonly DescribedImage[]> {
  const all = await Promise.all(deps.records.list().map((record) => describeImage(deps, record)));
  return all.sort((a, b) => b.createdMs - a.createdMs || b.record.createdAtMs - a.record.createdAtMs);
}

/** Names as users see them; each repository of a tag also has the image's digest. */
export function repoNames({ names, target }: ImageRecord): {
  readonly repoTags: readonly string[];
  readonly repoDigests: readonly string[];
} {
  const references = names.map(parseReference);
  const tags = references.filter(({ tag }) => tag !== undefined).map(familiarReference);
  const digests = references.map((reference) => `${familiarName(reference)}@${target.digest}`);
  return { repoTags: tags, repoDigests: [...new Set(digests)] };
}

export function labelsOf(manifest: LocalManifest | undefined): Readonly<Record<string, string>> {
  return (manifest?.document.config.Labels ?? {}) as Readonly<Record<string, string>>;
}

export function sizeOf(parts: ReadonlyMap<Digest, number>): number {
  return [...parts.values()].reduce((sum, size) => sum + size, 0);
}

export function partsOf(layers: LayerStore, manifests: readonly LocalManifest[]): ReadonlyMap<Digest, number> {
  const parts = new Map<Digest, number>();
  for (const { descriptor, manifest, document } of manifests) {
    for (const { digest, size } of [descriptor, manifest.config, ...manifest.layers]) parts.set(digest, size);
    for (const chain of chainIdsOf(document.diffIds)) parts.set(unpackedKey(chain), unpackedBytes(layers, chain));
  }
  return parts;
}

/** What is here of attestations, artifacts and platforms that are not complete. */
async function otherParts(
  { content }: Pick<Deps, 'content'>,
  entries: readonly CatalogEntry[],
): Promise<ReadonlyMap<Digest, number>> {
  const parts = new Map<Digest, number>();
  for (const { descriptor, manifest, local } of entries) {
    if (local || !manifest) continue;
    for (const { digest, size } of [descriptor, manifest.config, ...manifest.layers])
      if (await content.has(digest)) parts.set(digest, size);
  }
  return parts;
}

/** A plain layer's digest, diff id and chain id may be one text: the unpacked part needs a key of its own. */
function unpackedKey(chain: ChainId): Digest {
  return `unpacked:${chain}` as Digest;
}

export function unpackedBytes(layers: LayerStore, chain: ChainId): number {
  return layers.isUnpacked(chain) ? layers.layerSizeBytes(chain) : 0;
}
