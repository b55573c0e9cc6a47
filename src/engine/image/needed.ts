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

/** Everything that these images name, here or not. */
export async function findNeeded(catalog: Catalog, images: readonly ImageRecord[]): Promise<Needed> {
  const blobs = new Set<Digest>();
  const chains = new Set<ChainId>();
  for (const { target } of images) {
    for (const { digest } of await catalog.reachable(target)) blobs.add(digest);
    for (const { document } of await catalog.manifests(target))
      for (const chain of chainIdsOf(document.diffIds)) chains.add(chain);
  }
  return { blobs, chains };
}
