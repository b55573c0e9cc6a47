import type { ChainId, DiffId } from '../../oci/digest.ts';
import type { Descriptor } from '../content/content-store.ts';

/**
 * Unpacked layers and container file systems. Each chain of layers is unpacked once, each layer into a directory of its own
 * with a short name; overlayfs joins them. What is half unpacked when the daemon dies is gone at the next start.
 */
export interface LayerStore {
  /**
   * Makes sure the layers are unpacked, in parallel, and returns the id of the whole chain. `descriptors` and `diffIds` go
   * together, lowest layer first. Identical unpacks at the same time share one piece of work.
   * Errors: `data_loss` when the content does not have the diff id; `invalid_parameter` for a malformed or hostile archive.
   */
  ensureUnpacked(
    layers: readonly { readonly descriptor: Descriptor; readonly diffId: DiffId }[],
    options: {
      readonly signal?: AbortSignal;
      readonly onLayer?: (index: number, state: 'extracting' | 'done') => void;
    },
  ): Promise<ChainId | undefined>;

  isUnpacked(chain: ChainId): boolean;

  /** Bytes on disk of one unpacked layer (the topmost of `chain`). */
  layerSizeBytes(chain: ChainId): number;

  /** Deletes unpacked layers whose chain is not in `keep` and that no container uses. */
  collect(keep: ReadonlySet<ChainId>): Promise<void>;

  /** Makes a writable layer for a container on top of `chain` (undefined: an empty root, as `FROM scratch`). Durable when it resolves. */
  createWritable(containerId: string, chain: ChainId | undefined): Promise<void>;

  /** How to mount a container's file system; data only, see linux/mount. Errors: not_found. */
  rootfs(containerId: string): RootfsLayers;

  /** Deletes the writable layer; fine when it is gone. It must not be mounted. */
  removeWritable(containerId: string): Promise<void>;

  /** Every container id that has a writable layer (for recovery). */
  listWritable(): readonly string[];
}

export interface RootfsLayers {
  /** overlayfs lowerdir list, uppermost first; never empty (an empty directory stands for scratch). */
  readonly lower: readonly string[];
  readonly upper: string;
  readonly work: string;
}
