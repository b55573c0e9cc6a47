import { messageOf } from '../../lib/errors.ts';
import { parseImageDocument } from '../../oci/image-config.ts';
import { asFields } from '../../oci/manifest.ts';
import { OCI_CONFIG, OCI_LAYER, OCI_MANIFEST } from '../../oci/media-type.ts';
import type { ContentStore, Descriptor } from '../../store/content/content-store.ts';
import type { Archive, ArchiveFile } from './archive.ts';
import { invalidArchive } from './errors.ts';
import { layerSuffix } from './layer-type.ts';
import { canonical, type LoadedImage } from './loaded-image.ts';
import { once } from './pull.ts';

interface Entry {
  readonly config: string;
  readonly repoTags: readonly string[];
  readonly layers: readonly string[];
}

const MAX_IMAGES = 1000;

/**
 * The images of a docker-archive: its manifest.json names a config, layers (lowest first) and tags. Each gets a manifest of
 * its own made from these, the same for the same archive.
 */
export async function readDockerArchive(
  content: ContentStore,
  files: Archive,
  manifest: ArchiveFile,
  signal: AbortSignal,
): Promise<readonly LoadedImage[]> {
  const images: LoadedImage[] = [];
  for (const entry of parseEntries(await content.readAll(manifest.digest))) {
    const target = await writeManifest(content, files, entry, signal);
    images.push({ target, names: entry.repoTags.map(canonical) });
  }
  return images;
}

function parseEntries(bytes: Uint8Array): readonly Entry[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(bytes).toString());
  } catch (error) {
    throw invalidArchive(`manifest.json: ${messageOf(error)}`);
  }
  if (!Array.isArray(parsed) || parsed.length > MAX_IMAGES)
    throw invalidArchive(`manifest.json is not a list of at most ${MAX_IMAGES} images`);
  return parsed.map((item) => {
    const fields = asFields(item);
    const config = fields.get('Config');
    if (typeof config !== 'string') throw invalidArchive('manifest.json has an image without Config');
    return {
      config,
      repoTags: texts(fields.get('RepoTags'), 'RepoTags'),
      layers: texts(fields.get('Layers'), 'Layers'),
    };
  });
}

function texts(value: unknown, name: string): readonly string[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value) && value.every((item): item is string => typeof item === 'string')) return value;
  throw invalidArchive(`manifest.json: ${name} is not a list of texts`);
}

async function writeManifest(
  content: ContentStore,
  files: Archive,
  entry: Entry,
  signal: AbortSignal,
): Promise<Descriptor> {
  const config = needed(files, entry.config);
  const document = parseImageDocument(await content.readAll(config.digest));
  if (document.diffIds.length !== entry.layers.length) {
    throw invalidArchive(
      `${entry.config} has ${document.diffIds.length} layers, manifest.json has ${entry.layers.length}`,
    );
  }
  const layers: Descriptor[] = [];
  for (const path of entry.layers) layers.push(await layerDescriptor(content, needed(files, path)));
  const body = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: OCI_CONFIG, digest: config.digest, size: config.size },
    layers,
  };
  const written = await content.write(once(Buffer.from(JSON.stringify(body))), { signal });
  return { mediaType: OCI_MANIFEST, ...written };
}

function needed(files: Archive, path: string): ArchiveFile {
  const file = files.file(path);
  if (!file) throw invalidArchive(`${JSON.stringify(path.slice(0, 200))} is missing`);
  return file;
}

async function layerDescriptor(content: ContentStore, { digest, size }: ArchiveFile): Promise<Descriptor> {
  return { mediaType: `${OCI_LAYER}${await layerSuffix(content, digest)}`, digest, size };
}
