import type { DiffId, Digest } from '../../oci/digest.ts';
import { OCI_LAYER } from '../../oci/media-type.ts';
import type { CachedLayer } from '../../store/record/build-cache.ts';
import type { LayerDraft } from '../../store/snapshot/draft-layers.ts';
import { type BuildWork, chainOf, type StageLayers } from './work.ts';

/** Packs an upper directory and makes it the layer on top of `layers`, ready for the next step; it is durable when the store has settled. */
export async function keepLayer(
  { deps, clampSeconds }: Pick<BuildWork, 'deps' | 'clampSeconds'>,
  {
    upper,
    blob,
    layers,
    dropMountPoints,
    stubs = [],
  }: Pick<LayerDraft, 'upper' | 'blob'> & {
    readonly layers: StageLayers;
    readonly dropMountPoints: boolean;
    readonly stubs?: readonly string[];
  },
  signal: AbortSignal,
): Promise<CachedLayer> {
  const packed = await deps.files.pack({ upper, blob, clampSeconds, dropMountPoints, stubs }, signal);
  const digest = packed.digest as Digest;
  const diffId = packed.diffId as DiffId;
  const chain = deps.layers.adopt({
    upper,
    blob,
    parent: chainOf(layers),
    digest,
    diffId,
    sizeBytes: packed.contentBytes,
  });
  return { descriptor: { mediaType: `${OCI_LAYER}+gzip`, digest, size: packed.size }, diffId, chain };
}
