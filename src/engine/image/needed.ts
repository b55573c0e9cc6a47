import { chainIdsOf } from '../../oci/chain-id.ts';
import type { ChainId, Digest } from '../../oci/digest.ts';
import type { ImageRecord } from '../../store/record/image-records.ts';
import type { Catalog } from './catalog.ts';

/** What images stand on. */
export interface Needed {
  readonly blobs: ReadonlySet<Digest>;
  /** Chains of layers that images unpack to; those that only containers use are the layer store's to know. */
  readonly chains: ReadonlySet<ChainId>;
}

/** Everything that these images name, here or not; `without`: manifests that an image is to do without, by its target. */
export async function findNeeded(
  catalog: Catalog,
  images: readonly ImageRecord[],
  without: ReadonlyMap<Digest, ReadonlySet<Digest>> = new Map(),
): Promise<Needed> {
  const blobs = new Set<Digest>();
  const chains = new Set<ChainId>();
  for (const { target } of images) {
    const dropped = without.get(target.digest) ?? new Set<Digest>();
    for (const { digest } of await catalog.reachable(target, dropped)) blobs.add(digest);
    for (const { descriptor, document } of await catalog.manifests(target)) {
      if (!dropped.has(descriptor.digest)) for (const chain of chainIdsOf(document.diffIds)) chains.add(chain);
    }
  }
  return { blobs, chains };
}
