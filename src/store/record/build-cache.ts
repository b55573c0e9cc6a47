import type { ChainId, DiffId } from '../../oci/digest.ts';
import type { Descriptor } from '../content/content-store.ts';

/** A layer that a build step made. */
export interface CachedLayer {
  readonly descriptor: Descriptor;
  readonly diffId: DiffId;
  /** The stack that it is on top of, itself included; layers of images may stand on any. */
  readonly chain?: ChainId;
}

/** What is known of the layer of one step. Times in milliseconds since the epoch. */
export interface BuildCacheEntry {
  readonly key: string;
  readonly layer: CachedLayer;
  /** The instruction that made it. */
  readonly description: string;
  readonly createdAtMs: number;
  /** Undefined: never since it was made. */
  readonly usedAtMs: number | undefined;
  readonly uses: number;
}

/**
 * What build steps gave, by the key of their inputs; durable. Layers and blobs of entries are kept by whoever collects. The oldest entries go
 * when there are more than ten thousand.
 */
export interface BuildCache {
  layer(key: string): CachedLayer | undefined;
  keepLayer(key: string, layer: CachedLayer, description: string): void;
  /** A build goes on from these layers instead of making them. */
  countUses(keys: readonly string[]): void;
  /** The key by which a step is known whose files another stage gave: by their content. */
  alias(key: string): string | undefined;
  keepAlias(key: string, content: string): void;
  /** The image that a build with this key wrote. */
  image(key: string): Descriptor | undefined;
  keepImage(key: string, image: Descriptor): void;
  /** The layers, oldest first. */
  list(): readonly BuildCacheEntry[];
  /** Forgets the layers with these keys. */
  remove(keys: readonly string[]): void;
}
