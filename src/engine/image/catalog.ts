import { isKind } from '../../lib/errors.ts';
import { chainIdOf } from '../../oci/chain-id.ts';
import type { ChainId, Digest } from '../../oci/digest.ts';
import type { ImageDocument } from '../../oci/image-config.ts';
import { parseImageDocument } from '../../oci/image-config.ts';
import type { ImageIndex, ImageManifest } from '../../oci/manifest.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { isImageConfigType } from '../../oci/media-type.ts';
import type { Platform } from '../../oci/platform.ts';
import { platformRank } from '../../oci/platform.ts';
import type { ContentStore, Descriptor } from '../../store/content/content-store.ts';
import type { LayerStore } from '../../store/snapshot/layer-store.ts';

/** A platform's image whose manifest and config are here. */
export interface LocalManifest {
  readonly descriptor: Descriptor;
  readonly manifest: ImageManifest;
  readonly document: ImageDocument;
  /** undefined: no layers. */
  readonly chain: ChainId | undefined;
}

/** Reads what images are made of from the content store; parsed documents are cached, being immutable. */
export interface Catalog {
  /** The document of a manifest or index; undefined when it is not here. Errors: invalid_parameter when malformed. */
  read(descriptor: Descriptor): Promise<ImageManifest | ImageIndex | undefined>;
  /** The runnable platform images of a target whose layers are here too, in the index's order. */
  manifests(target: Descriptor): Promise<readonly LocalManifest[]>;
  /** A target and everything below it that is named, here or not: what must not be collected. */
  reachable(target: Descriptor): Promise<readonly Descriptor[]>;
}

/** Index in index in index is as deep as anybody needs. */
const MAX_DEPTH = 4;
const CACHED_DOCUMENTS = 2000;

export function createCatalog(deps: { readonly content: ContentStore; readonly layers: LayerStore }): Catalog {
  const manifests = createCache<ImageManifest | ImageIndex>();
  const documents = createCache<ImageDocument>();

  const read: Catalog['read'] = (descriptor) =>
    manifests(descriptor.digest, async () => {
      const bytes = await readIfHere(deps.content, descriptor.digest);
      return bytes && parseManifest(bytes, descriptor.mediaType);
    });

  const local = async (descriptor: Descriptor, manifest: ImageManifest): Promise<LocalManifest | undefined> => {
    if (!isImageConfigType(manifest.config.mediaType) || isAttestation(descriptor)) return undefined;
    const document = await documents(manifest.config.digest, async () => {
      const bytes = await readIfHere(deps.content, manifest.config.digest);
      return bytes && parseImageDocument(bytes);
    });
    if (!document) return undefined;
    const chain = chainIdOf(document.diffIds);
    const ready = chain === undefined || deps.layers.isUnpacked(chain) || (await hasAll(deps.content, manifest.layers));
    return ready ? { descriptor, manifest, document, chain } : undefined;
  };

  const walk = async (descriptor: Descriptor, depth: number): Promise<readonly LocalManifest[]> => {
    const parsed = await read(descriptor);
    if (!parsed || depth > MAX_DEPTH) return [];
    if (parsed.kind === 'manifest') return [await local(descriptor, parsed)].filter((found) => found !== undefined);
    const below = await Promise.all(parsed.manifests.map((child) => walk(child, depth + 1)));
    return below.flat();
  };

  const collect = async (descriptor: Descriptor, depth: number, found: Map<Digest, Descriptor>): Promise<void> => {
    if (found.has(descriptor.digest)) return;
    found.set(descriptor.digest, descriptor);
    const parsed = depth > MAX_DEPTH ? undefined : await read(descriptor);
    if (parsed?.kind === 'manifest') for (const part of [parsed.config, ...parsed.layers]) found.set(part.digest, part);
    if (parsed?.kind === 'index') for (const child of parsed.manifests) await collect(child, depth + 1, found);
  };

  return {
    read,
    manifests: (target) => walk(target, 0),
    reachable: async (target) => {
      const found = new Map<Digest, Descriptor>();
      await collect(target, 0, found);
      return [...found.values()];
    },
  };
}

/** The image that fits `wanted` best; the earlier one of equals. */
export function bestMatch<T extends { readonly platform: Platform }>(
  candidates: readonly T[],
  wanted: Platform,
): T | undefined {
  const ranked = candidates.flatMap((candidate) => {
    const rank = platformRank(wanted, candidate.platform);
    return rank === undefined ? [] : [{ candidate, rank }];
  });
  return ranked.sort((a, b) => a.rank - b.rank)[0]?.candidate;
}

/** The local image to show or run: the one for `wanted`, else (with `orAny`) the first there is. */
export function pickManifest(
  manifests: readonly LocalManifest[],
  wanted: Platform,
  orAny: boolean,
): LocalManifest | undefined {
  const candidates = manifests.map((item) => ({ platform: item.document.platform, item }));
  return bestMatch(candidates, wanted)?.item ?? (orAny ? manifests[0] : undefined);
}

/** Build attestations lie in an index beside the images they speak of. */
export function isAttestation(descriptor: Descriptor): boolean {
  return (
    descriptor.annotations?.['vnd.docker.reference.type'] === 'attestation-manifest' ||
    descriptor.platform?.os === 'unknown'
  );
}

async function readIfHere(content: ContentStore, digest: Digest): Promise<Uint8Array | undefined> {
  try {
    return await content.readAll(digest);
  } catch (error) {
    if (isKind(error, 'not_found')) return undefined;
    throw error;
  }
}

export async function hasAll(content: ContentStore, descriptors: readonly Descriptor[]): Promise<boolean> {
  for (const { digest, size } of descriptors) if (!(await content.has(digest, size))) return false;
  return true;
}

/** Keeps what was found, not what was missing: it may arrive later. */
function createCache<T>(): (digest: Digest, load: () => Promise<T | undefined>) => Promise<T | undefined> {
  const known = new Map<Digest, T>();
  return async (digest, load) => {
    const cached = known.get(digest);
    if (cached !== undefined) return cached;
    const loaded = await load();
    if (loaded === undefined) return undefined;
    if (known.size >= CACHED_DOCUMENTS) known.clear();
    known.set(digest, loaded);
    return loaded;
  };
}
