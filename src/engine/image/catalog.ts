import { isKind } from '../../lib/errors.ts';
import { chainIdOf } from '../../oci/chain-id.ts';
import type { ChainId, Digest } from '../../oci/digest.ts';
import type { ImageDocument } from '../../oci/image-config.ts';
import { parseImageDocument } from '../../oci/image-config.ts';
import type { ImageIndex, ImageManifest } from '../../oci/manifest.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { isImageConfigType, isIndexType, isLayerType, isManifestType } from '../../oci/media-type.ts';
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

/** A manifest that a target names, here or not. */
export interface CatalogEntry {
  readonly descriptor: Descriptor;
  /** `image`: can be made a container of, or could if it were here. */
  readonly kind: 'image' | 'attestation' | 'unknown';
  /** undefined: not here, or none that can be read. */
  readonly manifest: ImageManifest | undefined;
  /** undefined: no image, or not all of it is here. */
  readonly local: LocalManifest | undefined;
}

/** Reads what images are made of from the content store; parsed documents are cached, being immutable. */
export interface Catalog {
  /**
   * The document of a manifest or index; undefined when it is not here, and for a descriptor of something else. Errors:
   * invalid_parameter when malformed.
   */
  read(descriptor: Descriptor): Promise<ImageManifest | ImageIndex | undefined>;
  /** Every manifest of a target, in the index's order. What is malformed counts as unknown. */
  entries(target: Descriptor): Promise<readonly CatalogEntry[]>;
  /** The runnable platform images of a target whose layers are here too, in the index's order. */
  manifests(target: Descriptor): Promise<readonly LocalManifest[]>;
  /** A blob that was read has been removed. */
  forget(digest: Digest): void;
  /** A target and everything below it that is named, here or not: what must not be collected; not what is only below `without`. */
  reachable(target: Descriptor, without?: ReadonlySet<Digest>): Promise<readonly Descriptor[]>;
}

/** Index in index in index is as deep as anybody needs. */
const MAX_DEPTH = 4;
const CACHED_DOCUMENTS = 2000;

export function createCatalog(deps: { readonly content: ContentStore; readonly layers: LayerStore }): Catalog {
  const manifests = createCache<ImageManifest | ImageIndex>();
  const documents = createCache<ImageDocument>();

  const read: Catalog['read'] = async (descriptor) => {
    if (!mayBeDocument(descriptor)) return undefined;
    return await manifests.get(descriptor.digest, async () => {
      const bytes = await readIfHere(deps.content, descriptor.digest);
      return bytes && parseManifest(bytes, descriptor.mediaType);
    });
  };
  const readable: Catalog['read'] = (descriptor) => read(descriptor).catch(ifMalformed);

  const local = async (descriptor: Descriptor, manifest: ImageManifest): Promise<LocalManifest | undefined> => {
    const load = async (): Promise<ImageDocument | undefined> => {
      const bytes = await readIfHere(deps.content, manifest.config.digest);
      return bytes && parseImageDocument(bytes);
    };
    const document = await documents.get(manifest.config.digest, load).catch(ifMalformed);
    if (!document) return undefined;
    const chain = chainIdOf(document.diffIds);
    const ready = chain === undefined || deps.layers.isUnpacked(chain) || (await hasAll(deps.content, manifest.layers));
    return ready ? { descriptor, manifest, document, chain } : undefined;
  };

  // Each index once: those that name each other a thousand times would be walked a thousand times a thousand.
  const walk = async (descriptor: Descriptor, depth: number, seen: Set<Digest>): Promise<readonly CatalogEntry[]> => {
    if (depth > MAX_DEPTH || !mayBeDocument(descriptor)) return [];
    const parsed = await readable(descriptor);
    if (parsed?.kind === 'index') {
      if (seen.has(descriptor.digest)) return [];
      seen.add(descriptor.digest);
      const below = await Promise.all(parsed.manifests.map((child) => walk(child, depth + 1, seen)));
      return below.flat();
    }
    if (isIndexType(descriptor.mediaType)) return [];
    const kind = kindOf(descriptor, parsed);
    const found = kind === 'image' && parsed ? await local(descriptor, parsed) : undefined;
    return [{ descriptor, kind, manifest: parsed, local: found }];
  };

  const collect = async (
    descriptor: Descriptor,
    depth: number,
    found: Map<Digest, Descriptor>,
    without: ReadonlySet<Digest>,
  ): Promise<void> => {
    if (found.has(descriptor.digest) || (depth > 0 && without.has(descriptor.digest))) return;
    found.set(descriptor.digest, descriptor);
    const parsed = depth > MAX_DEPTH ? undefined : await readable(descriptor);
    if (parsed?.kind === 'manifest') for (const part of [parsed.config, ...parsed.layers]) found.set(part.digest, part);
    if (parsed?.kind === 'index') for (const child of parsed.manifests) await collect(child, depth + 1, found, without);
  };

  const entries = (target: Descriptor): Promise<readonly CatalogEntry[]> => walk(target, 0, new Set());
  return {
    read,
    entries,
    manifests: async (target) => (await entries(target)).flatMap((entry) => entry.local ?? []),
    forget(digest) {
      manifests.drop(digest);
      documents.drop(digest);
    },
    reachable: async (target, without = new Set()) => {
      const found = new Map<Digest, Descriptor>();
      await collect(target, 0, found, without);
      return [...found.values()];
    },
  };
}

/** False for what says itself that it is neither manifest nor index: a file of another kind beside them. */
export function mayBeDocument({ mediaType }: Descriptor): boolean {
  return mediaType === '' || isIndexType(mediaType) || isManifestType(mediaType);
}

function ifMalformed(error: unknown): undefined {
  if (!isKind(error, 'invalid_parameter')) throw error;
}

/** Artifacts take the form of images too: what counts is that a config or layers of an image are in it. */
function kindOf(descriptor: Descriptor, manifest: ImageManifest | undefined): CatalogEntry['kind'] {
  if (isAttestation(descriptor)) return descriptor.annotations?.[ATTESTED] === undefined ? 'unknown' : 'attestation';
  if (!manifest) return descriptor.platform && descriptor.artifactType === undefined ? 'image' : 'unknown';
  const { config, layers } = manifest;
  if (!isImageConfigType(config.mediaType)) return 'unknown';
  return layers.length === 0 || layers.some(({ mediaType }) => mediaType === '' || isLayerType(mediaType))
    ? 'image'
    : 'unknown';
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

/** The local image of exactly this platform, as the API's `platform` asks for it. */
export function pickExact(manifests: readonly LocalManifest[], wanted: Platform): LocalManifest | undefined {
  return manifests.find(({ document }) => platformRank(wanted, document.platform) === 0);
}

/** Images of other platforms than `chosen`, and the attestations that speak of them. */
export function otherPlatforms(entries: readonly CatalogEntry[], chosen: readonly LocalManifest[]): readonly Digest[] {
  const kept = new Set<string>(chosen.map(({ descriptor }) => descriptor.digest));
  return entries.flatMap(({ descriptor, kind }) => {
    const about = kind === 'attestation' ? descriptor.annotations?.[ATTESTED] : descriptor.digest;
    return kind === 'unknown' || kept.has(about ?? '') ? [] : [descriptor.digest];
  });
}

/** Annotation of an attestation: the digest of the manifest it speaks of. */
export const ATTESTED = 'vnd.docker.reference.digest';

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

interface Cache<T> {
  get(digest: Digest, load: () => Promise<T | undefined>): Promise<T | undefined>;
  drop(digest: Digest): void;
}

/** Keeps what was found, not what was missing: it may arrive later. */
function createCache<T>(): Cache<T> {
  const known = new Map<Digest, T>();
  return {
    drop: (digest) => void known.delete(digest),
    async get(digest, load) {
      const cached = known.get(digest);
      if (cached !== undefined) return cached;
      const loaded = await load();
      if (loaded === undefined) return undefined;
      if (known.size >= CACHED_DOCUMENTS) known.clear();
      known.set(digest, loaded);
      return loaded;
    },
  };
}
