import type { Download } from '../../distribution/download.ts';
import type { RegistryClient } from '../../distribution/registry-client.ts';
import type { Platform } from '../../oci/platform.ts';
import type { Compressor } from '../../store/content/compressor.ts';
import type { ContentStore } from '../../store/content/content-store.ts';
import type { Decompressor } from '../../store/content/decompressor.ts';
import type { ImageRecords } from '../../store/record/image-records.ts';
import type { LayerStore } from '../../store/snapshot/layer-store.ts';
import type { EventBus } from '../event/event.ts';
import type { Catalog } from './catalog.ts';
import type { Collector } from './collector.ts';

/** A container as far as images care. */
export interface ImageUser {
  readonly containerId: string;
  /** The image's ID. */
  readonly imageId: string;
  /** Digest of the platform's manifest that it was made of. */
  readonly manifest: string;
  readonly running: boolean;
}

/** Blobs at a time. */
export interface TransferLimits {
  readonly downloads: number;
  readonly uploads: number;
}

/** What is handed in by whoever assembles the engine. */
export interface ImageServiceDeps {
  readonly content: ContentStore;
  readonly layers: LayerStore;
  readonly records: ImageRecords;
  readonly events: EventBus;
  readonly registry: RegistryClient;
  /** Fetches what is imported from an address. */
  readonly download: Download;
  readonly decompressor: Decompressor;
  readonly compressor: Compressor;
  /** Shared with ImageLookup and with whoever else adds content (builds, commits). */
  readonly catalog: Catalog;
  readonly collector: Collector;
  /** Every container there is. */
  readonly users: () => readonly ImageUser[];
  /** How much of one pull or push goes on at a time, asked when it begins. */
  readonly transfers: () => TransferLimits;
  /** What the machine runs. */
  readonly host: Platform;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}
