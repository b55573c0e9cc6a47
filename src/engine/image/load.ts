import { digestHex } from '../../oci/digest.ts';
import type { Platform } from '../../oci/platform.ts';
import { familiarReference, parseReference } from '../../oci/reference.ts';
import type { Archive } from './archive.ts';
import { readArchive } from './archive.ts';
import type { LocalManifest } from './catalog.ts';
import { pickManifest } from './catalog.ts';
import type { DroppedContent } from './collector.ts';
import type { ImageServiceDeps } from './deps.ts';
import { invalidArchive } from './errors.ts';
import { publishImage, readLabels } from './image-event.ts';
import { readDockerArchive } from './load-docker.ts';
import { readLayout } from './load-layout.ts';
import { choosePlatforms, knownManifests, surplus } from './load-platform.ts';
import type { LoadedImage } from './loaded-image.ts';
import { presentContent } from './manifest-summary.ts';
import type { ProgressSink } from './service.ts';
import { pairLayers } from './unpack.ts';

/**
 * Loads every image of an archive, or none: names are given when all of it has been read, checked and unpacked.
 * Errors: invalid_parameter for anything malformed, data_loss for blobs that are not what they are called, not_found for one of
 * `platforms` that an image does not have.
 */
export async function load(
  deps: ImageServiceDeps,
  archive: AsyncIterable<Uint8Array>,
  progress: ProgressSink,
  signal: AbortSignal,
  platforms: readonly Platform[] = [],
): Promise<void> {
  let dropped: readonly DroppedContent[] = [];
  try {
    using _lease = await deps.collector.lease();
    const known = await knownManifests(deps, platforms);
    const files = await readArchive(deps.content, deps.decompressor.decompress(archive, { signal }), signal);
    const images = await readImages(deps, files, signal);
    for (const image of images) await unpackLoaded(deps, image, platforms, progress, signal);
    signal.throwIfAborted();
    const unwanted = await surplus(deps, images, platforms, known);
    for (const image of images) await keepLoaded(deps, image, progress);
    dropped = unwanted;
  } finally {
    // Everything in the archive became a blob; what no image uses goes.
    await deps.collector.collect({ dropped });
  }
}

async function readImages(
  deps: ImageServiceDeps,
  files: Archive,
  signal: AbortSignal,
): Promise<readonly LoadedImage[]> {
  const [layout, docker] = [files.file('index.json'), files.file('manifest.json')];
  const images = layout
    ? await readLayout(deps.content, layout)
    : docker
      ? await readDockerArchive(deps.content, files, docker, signal)
      : undefined;
  if (!images) throw invalidArchive('it has neither an index.json nor a manifest.json');
  if (images.length === 0) throw invalidArchive('there is no image in it');
  return images;
}

/** What runs here is unpacked at once, or what was asked for; images for other platforms and artifacts are kept as they are. */
async function unpackLoaded(
  deps: ImageServiceDeps,
  image: LoadedImage,
  platforms: readonly Platform[],
  progress: ProgressSink,
  signal: AbortSignal,
): Promise<void> {
  const entries = await deps.catalog.entries(image.target);
  const manifests = entries.flatMap(({ local }) => local ?? []);
  if (platforms.length > 0) {
    for (const chosen of choosePlatforms(manifests, image, platforms)) await unpackOne(deps, chosen, progress, signal);
    return;
  }
  const best = pickManifest(manifests, deps.host, true);
  if (best) return await unpackOne(deps, best, progress, signal);
  if (entries.some(({ kind }) => kind === 'image'))
    throw invalidArchive(`no platform of image ${image.target.digest} is complete`);
  const whole = await Promise.all(entries.map(async (entry) => !(await presentContent(deps, entry)).missing));
  if (entries.length > 0 && !whole.includes(true))
    throw invalidArchive(`artifact ${image.target.digest} is not complete`);
}

async function unpackOne(
  deps: ImageServiceDeps,
  { manifest, document }: LocalManifest,
  progress: ProgressSink,
  signal: AbortSignal,
): Promise<void> {
  const layers = pairLayers(manifest, document);
  await deps.layers.ensureUnpacked(layers, {
    signal,
    onLayer: (index, state) => {
      const layer = layers[index];
      if (!layer || state !== 'extracting') return;
      const { size } = layer.descriptor;
      progress({
        status: 'Loading layer',
        progressDetail: { current: size, total: size },
        id: digestHex(layer.diffId).slice(0, 12),
      });
    },
  });
}

async function keepLoaded(
  deps: ImageServiceDeps,
  { target, names }: LoadedImage,
  progress: ProgressSink,
): Promise<void> {
  deps.collector.claim(target.digest);
  deps.records.put(target, names, deps.now());
  const shown = names.map((name) => familiarReference(parseReference(name)));
  const labels = await readLabels(deps, target);
  for (const name of shown.length > 0 ? shown : [target.digest])
    publishImage(deps, 'load', target.digest, { name, labels });
  for (const name of shown) progress({ stream: `Loaded image: ${name}\n` });
  if (shown.length === 0) progress({ stream: `Loaded image ID: ${target.digest}\n` });
}
