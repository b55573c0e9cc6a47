import type { DiffId } from '../../oci/digest.ts';
import type { Descriptor } from '../content/content-store.ts';

/** A layer that a build step made. */
export interface CachedLayer {
  readonly descriptor: Descriptor;
  readonly diffId: DiffId;
}

/**
 * What build steps gave, by the key of their inputs; durable. An entry does not keep its blob: whoever uses one looks whether the
 * blob is still there. The oldest entries go when there are more than ten thousand.
 */
export interface BuildCache {
  layer(key: string): CachedLayer | undefined;
  keepLayer(key: string, layer: CachedLayer): void;
  /** The image that a build with this key wrote. */
  image(key: string): Descriptor | undefined;
  keepImage(key: string, image: Descriptor): void;
  /** Forgets everything. */
  clear(): void;
}
