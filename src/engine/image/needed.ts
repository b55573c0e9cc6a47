import { chainIdsOf } from '../../oci/chain-id.ts';
import type { ChainId, Digest } from '../../oci/digest.ts';
import type { ImageRecords } from '../../store/record/image-records.ts';
import type { Catalog } from './catalog.ts';

/** What images stand on. */
export interface Needed {
  readonly blobs: ReadonlySet<Digest>;
  /** Chains of layers that images unpack to; those that only containers use are the layer store's to know. */
  readonly chains: ReadonlySet<ChainId>;
}

/** Everything that an image of the records names, here or not. */
export async function findNeeded(deps: { readonly records: ImageRecords; readonly catalog: Catalog }): Promise<Needed> {
  const blobs = new Set<Digest>();
  const chains = new Set<ChainId>();
  for (const { target } of deps.records.list()) {
    for (const { digest } of await deps.catalog.reachable(target)) blobs.add(digest);
    for (const { document } of await deps.catalog.manifests(target))
      for (const chain of chainIdsOf(document.diffIds)) chains.add(chain);
  }
  return { blobs, chains };
}
