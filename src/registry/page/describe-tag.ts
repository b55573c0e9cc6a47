import { type Manifest, parseManifest } from '../manifest.ts';
import type { ContentDigest } from '../name.ts';
import { RegistryError } from '../registry-error.ts';
import type { Manifests } from '../storage/manifests.ts';

/** What the page shows of a tag. */
export interface TagView {
  readonly tag: string;
  readonly digest: ContentDigest;
  readonly images: readonly ImageView[];
}

/** One image, or another artifact, that a tag leads to. */
export interface ImageView {
  /** `linux/amd64`, else the artifact's type, else the media type. */
  readonly title: string;
  readonly digest: ContentDigest;
  /** Config and layers. Undefined when the manifest is not here. */
  readonly sizeBytes: number | undefined;
  readonly layers: readonly { readonly digest: ContentDigest; readonly sizeBytes: number }[];
}

/** Reads a config; undefined when it is not here or is no image's. */
export type ReadConfig = (digest: ContentDigest) => Promise<Uint8Array | undefined>;

/** Undefined when the tag is gone meanwhile. */
export async function describeTag(
  manifests: Manifests,
  readConfig: ReadConfig,
  repository: string,
  tag: string,
): Promise<TagView | undefined> {
  const stored = await found(manifests, repository, tag);
  if (stored === undefined) return undefined;
  const manifest = parseManifest(stored.bytes);
  if (manifest.kind === 'manifest')
    return {
      tag,
      digest: stored.digest,
      images: [await describeImage(readConfig, stored.digest, manifest, undefined)],
    };
  const images: ImageView[] = [];
  for (const entry of manifest.manifests.slice(0, MAX_IMAGES)) {
    const child = await found(manifests, repository, entry.digest);
    const missing = {
      title: entry.platform ?? entry.mediaType,
      digest: entry.digest,
      sizeBytes: undefined,
      layers: [],
    };
    images.push(
      child ? await describeImage(readConfig, entry.digest, parseManifest(child.bytes), entry.platform) : missing,
    );
  }
  return { tag, digest: stored.digest, images };
}

const MAX_IMAGES = 50;

async function describeImage(
  readConfig: ReadConfig,
  digest: ContentDigest,
  manifest: Manifest,
  platform: string | undefined,
): Promise<ImageView> {
  const [config, ...layers] = manifest.blobs;
  const own = config && (platform ?? platformOf(await readConfig(config.digest)));
  return {
    title: own ?? manifest.artifactType ?? manifest.mediaType,
    digest,
    sizeBytes: manifest.blobs.reduce((sum, { size }) => sum + size, 0),
    layers: layers.map((layer) => ({ digest: layer.digest, sizeBytes: layer.size })),
  };
}

function platformOf(config: Uint8Array | undefined): string | undefined {
  try {
    const { os, architecture, variant } = JSON.parse(new TextDecoder().decode(config)) as Record<string, unknown>;
    const words = [os, architecture, variant].filter((word) => typeof word === 'string' && word !== '');
    return typeof os === 'string' && typeof architecture === 'string' ? words.join('/') : undefined;
  } catch {
    return undefined;
  }
}

async function found(
  manifests: Manifests,
  repository: string,
  reference: string,
): Promise<{ readonly digest: ContentDigest; readonly bytes: Uint8Array } | undefined> {
  try {
    return await manifests.get(repository, reference);
  } catch (error) {
    if (error instanceof RegistryError) return undefined;
    throw error;
  }
}
