import { KnownError } from '../../lib/errors.ts';
import type { ChainId } from '../../oci/digest.ts';
import type { ImageDocument } from '../../oci/image-config.ts';
import type { ImageManifest } from '../../oci/manifest.ts';
import type { LayerStore } from '../../store/snapshot/layer-store.ts';

/** Layers of a manifest with their diff ids. Errors: invalid_parameter when manifest and config disagree on their number. */
export function pairLayers(
  manifest: ImageManifest,
  document: ImageDocument,
): Parameters<LayerStore['ensureUnpacked']>[0] {
  if (manifest.layers.length !== document.diffIds.length) {
    throw new KnownError(
      'invalid_parameter',
      `malformed image: ${manifest.layers.length} layers but ${document.diffIds.length} diff ids`,
    );
  }
  return document.diffIds.flatMap((diffId, index) => {
    const descriptor = manifest.layers[index];
    return descriptor ? [{ descriptor, diffId }] : [];
  });
}

/** Unpacks all layers of an image. Errors: those of LayerStore.ensureUnpacked. */
export function unpack(
  layers: LayerStore,
  manifest: ImageManifest,
  document: ImageDocument,
  options: Parameters<LayerStore['ensureUnpacked']>[1],
): Promise<ChainId | undefined> {
  return layers.ensureUnpacked(pairLayers(manifest, document), options);
}
