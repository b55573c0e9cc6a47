import type { ChainId, DiffId, Digest } from '../../oci/digest.ts';
import type { Descriptor, GrowingBlob } from '../content/content-store.ts';

/**
 * Unpacked layers and container file systems. Each chain of layers is unpacked once, each layer into a directory of its own
 * with a short name; overlayfs joins them. What is half unpacked when the daemon dies is gone at the next start.
 */
export interface LayerStore {
  /**
   * Makes sure the layers are unpacked, in parallel, and returns the id of the whole chain. `descriptors` and `diffIds` go
   * together, lowest layer first. Identical unpacks at the same time share one piece of work. With `follow` a layer is unpacked while its blob is
   * still being written: what it resolves with is read as it grows, undefined stands for a blob that is in the content store; a rejection is the layer's.
   * It resolves before the layers are surely on disk; what a power failure tears in between is unpacked again from its blob.
   * Errors: `data_loss` when the content does not have the diff id; `invalid_parameter` for a malformed or hostile archive.
   */
  ensureUnpacked(
    layers: readonly { readonly descriptor: Descriptor; readonly diffId: DiffId }[],
    options: {
      readonly signal?: AbortSignal;
      readonly onLayer?: (index: number, state: 'extracting' | 'done') => void;
      readonly follow?: (index: number) => Promise<GrowingBlob | undefined>;
    },
  ): Promise<ChainId | undefined>;

  /**
   * Unpacks again what containers stand on and a power failure may have torn. Once, before the first container starts. `onError` hears of
   * layers that cannot be had again; their containers do not start.
   */
  recover(onError: (what: string, error: unknown) => void): Promise<void>;

  /** Blobs of layers that are not surely on disk yet: only from them the layers could be had again. */
  blobsInNeed(): ReadonlySet<Digest>;

  /** Resolves when every layer that was unpacked before is on disk. */
  flush(): Promise<void>;

  isUnpacked(chain: ChainId): boolean;

  /** Bytes on disk of one unpacked layer (the topmost of `chain`). */
  layerSizeBytes(chain: ChainId): number;

  /**
   * Gives up the unpacked layers whose chain is not in `keep` and that no container uses: synchronously, so that nothing can come
   * between the look and the deed. Their files are in the trash then.
   */
  collect(keep: ReadonlySet<ChainId>): void;

  /** Every unpacked layer, its folder, and whether a container stands on it. */
  list(): readonly {
    readonly chain: ChainId;
    readonly path: string;
    readonly sizeBytes: number;
    readonly held: boolean;
  }[];

  /** Makes a writable layer for a container on top of `chain` (undefined: an empty root, as `FROM scratch`). Durable when it resolves. */
  createWritable(containerId: string, chain: ChainId | undefined): Promise<void>;

  /** How to mount a container's file system; data only, see linux/mount. Errors: not_found. */
  rootfs(containerId: string): RootfsLayers;

  /** Bytes of the layers below a container's own. Errors: not_found. */
  lowerSizeBytes(containerId: string): number;

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
