import { asFields } from '../../oci/manifest.ts';
import { isImageConfigType, isIndexType, isManifestType } from '../../oci/media-type.ts';
import { type Content, type Manifest, parseManifest } from '../manifest.ts';
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
  /** `linux/amd64`, `attestation of linux/amd64`, else the artifact's type, else the media type. */
  readonly title: string;
  readonly digest: ContentDigest;
  /** Something to run; or it may be, when the manifest is not here. */
  readonly runnable: boolean;
  /** Config and layers. Undefined when the manifest is not here. */
  readonly sizeBytes: number | undefined;
  readonly layers: readonly { readonly digest: ContentDigest; readonly sizeBytes: number }[];
  /** Milliseconds since 1970, as the config says. */
  readonly createdMs: number | undefined;
  /** What the image says of itself (image-spec annotations.md), without the common prefix. */
  readonly labels: readonly (readonly [string, string])[];
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
  const platforms = new Map(manifest.manifests.map(({ digest, platform }) => [digest as string, platform]));
  const images: ImageView[] = [];
  for (const entry of manifest.manifests.slice(0, MAX_IMAGES)) {
    const child = await found(manifests, repository, entry.digest);
    const about = entry.annotations['vnd.docker.reference.digest'];
    const title = about === undefined ? entry.platform : `attestation of ${platforms.get(about) ?? about}`;
    images.push(
      child
        ? await describeImage(readConfig, entry.digest, parseManifest(child.bytes), title)
        : withoutManifest(title ?? entry.mediaType, entry),
    );
  }
  return { tag, digest: stored.digest, images };
}

const MAX_IMAGES = 50;

/** A manifest that is not here, or an entry that is none, such as the layers that a build cache lists. */
function withoutManifest(title: string, { mediaType, digest, size }: Content): ImageView {
  const runnable = isManifestType(mediaType) || isIndexType(mediaType);
  const sizeBytes = runnable ? undefined : size;
  return { title, digest, runnable, sizeBytes, layers: [], createdMs: undefined, labels: [] };
}

async function describeImage(
  readConfig: ReadConfig,
  digest: ContentDigest,
  manifest: Manifest,
  title: string | undefined,
): Promise<ImageView> {
  const [config, ...layers] = manifest.blobs;
  const fields = parseConfig(config && (await readConfig(config.digest)));
  const created = typeof fields.get('created') === 'string' ? Date.parse(fields.get('created') as string) : Number.NaN;
  return {
    title: title ?? platformOf(fields) ?? manifest.artifactType ?? manifest.mediaType,
    digest,
    runnable: config !== undefined && isImageConfigType(config.mediaType),
    sizeBytes: manifest.blobs.reduce((sum, { size }) => sum + size, 0),
    layers: layers.map((layer) => ({ digest: layer.digest, sizeBytes: layer.size })),
    createdMs: Number.isNaN(created) ? undefined : created,
    labels: labelsOf(fields, manifest),
  };
}

/** What is none or broken says nothing. */
function parseConfig(config: Uint8Array | undefined): ReadonlyMap<string, unknown> {
  try {
    return asFields(JSON.parse(new TextDecoder().decode(config)));
  } catch {
    return new Map();
  }
}

function platformOf(config: ReadonlyMap<string, unknown>): string | undefined {
  const [os, architecture, variant] = ['os', 'architecture', 'variant'].map((name) => config.get(name));
  const words = [os, architecture, variant].filter((word) => typeof word === 'string' && word !== '');
  return typeof os === 'string' && typeof architecture === 'string' ? words.join('/') : undefined;
}

const PREFIX = 'org.opencontainers.image.';
const SHOWN = ['title', 'description', 'version', 'revision', 'source', 'url', 'vendor', 'licenses'];
const MAX_LABEL_CHARS = 300;

/** Annotations of the manifest count for more than labels of the config. */
function labelsOf(config: ReadonlyMap<string, unknown>, { annotations }: Manifest): ImageView['labels'] {
  const labels = asFields(asFields(config.get('config')).get('Labels'));
  return SHOWN.flatMap((name) => {
    const value = annotations?.[PREFIX + name] ?? labels.get(PREFIX + name);
    return typeof value === 'string' && value !== '' ? [[name, value.slice(0, MAX_LABEL_CHARS)] as const] : [];
  });
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
