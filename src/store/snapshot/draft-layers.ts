import type { ChainId, DiffId, Digest } from '../../oci/digest.ts';
import type { RootfsLayers } from './layer-store.ts';

/**
 * Layers that are made in place: what was written into an upper directory becomes the unpacked layer as it is, and the blob that was packed
 * from it goes with it. Nothing is unpacked again. The layer store is this as well.
 */
export interface DraftLayers {
  /**
   * Folders for an overlay on top of `chain` (undefined: an empty root), and a path beside them for the layer's blob. Gone at the next start
   * unless it was adopted. Errors: not_found for a chain that is not unpacked.
   */
  begin(chain: ChainId | undefined): LayerDraft;
  /**
   * The upper directory at `upper`, which is mounted nowhere any more, is the layer on top of `parent` from now on, also for containers;
   * a layer that is there already stays, and the new one goes. Its blob is there, and both outlive a power failure, after {@link settle}.
   */
  adopt(layer: AdoptedLayer): ChainId;
  /** Removes what was begun; fine after it was adopted. */
  discard(draft: LayerDraft): void;
  /** Resolves when everything adopted before the call is durable, blobs and files. Calls at the same time share the work. */
  settle(): Promise<void>;
  /** Folders of a chain for a read-only overlay, uppermost first; never empty. Errors: not_found. */
  lowerOf(chain: ChainId | undefined): readonly string[];
}

export interface LayerDraft extends RootfsLayers {
  readonly folder: string;
  /** Nothing is there yet. */
  readonly blob: string;
}

export interface AdoptedLayer {
  readonly upper: string;
  readonly blob: string;
  readonly parent: ChainId | undefined;
  readonly digest: Digest;
  readonly diffId: DiffId;
  /** Bytes of file content. */
  readonly sizeBytes: number;
}
