import { digestHex } from '../../oci/digest.ts';
import { familiarReference, parseReference } from '../../oci/reference.ts';
import type { Archive } from './archive.ts';
import { readArchive } from './archive.ts';
import { pickManifest } from './catalog.ts';
import type { ImageServiceDeps } from './deps.ts';
import { invalidArchive } from './errors.ts';
import { readDockerArchive } from './load-docker.ts';
import { readLayout } from './load-layout.ts';
import type { LoadedImage } from './loaded-image.ts';
import type { ProgressSink } from './service.ts';
import { pairLayers } from './unpack.ts';

/**
 * Loads every image of an archive, or none: names are given when all of it has been read, checked and unpacked.
 * Errors: invalid_parameter for anything malformed, data_loss for blobs that are not what they are called.
 */
export async function load(
  deps: ImageServiceDeps,
  archive: AsyncIterable<Uint8Array>,
  progress: ProgressSink,
  signal: AbortSignal,
): Promise<void> {
  try {
    using _lease = await deps.collector.lease();
    const files = await readArchive(deps.content, deps.decompressor.decompress(archive, { signal }), signal);
    const images = await readImages(deps, files, signal);
    for (const image of images) await unpackLoaded(deps, image, progress, signal);
    signal.throwIfAborted();
    for (const image of images) keepLoaded(deps, image, progress);
  } finally {
    // Everything in the archive became a blob; what no image uses goes.
    await deps.collector.collect();
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

/** What runs here is unpacked at once; an image for other platforms only is kept as it is. */
async function unpackLoaded(
  deps: ImageServiceDeps,
  { target }: LoadedImage,
  progress: ProgressSink,
  signal: AbortSignal,
): Promise<void> {
  const manifests = await deps.catalog.manifests(target);
  const best = pickManifest(manifests, deps.host, true);
  if (!best) throw invalidArchive(`no platform of image ${target.digest} is complete`);
  const layers = pairLayers(best.manifest, best.document);
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

function keepLoaded(deps: ImageServiceDeps, { target, names }: LoadedImage, progress: ProgressSink): void {
  deps.records.put(target, names, deps.now());
  const shown = names.map((name) => familiarReference(parseReference(name)));
  for (const name of shown.length > 0 ? shown : [target.digest]) {
    deps.events.publish({ type: 'image', action: 'load', id: target.digest, attributes: { name } });
  }
  for (const name of shown) progress({ stream: `Loaded image: ${name}\n` });
  if (shown.length === 0) progress({ stream: `Loaded image ID: ${target.digest}\n` });
}
