import { chainIdsOf } from '../../oci/chain-id.ts';
import type { Platform } from '../../oci/platform.ts';
import { pickManifest } from './catalog.ts';
import type { ImageServiceDeps } from './deps.ts';
import { describeImage, unpackedBytes } from './describe.ts';
import { wrongPlatform } from './errors.ts';
import { findImage } from './find.ts';
import type { HistoryItem } from './service.ts';

/** Rows newest first. Only the image itself has an id; what lies below is `<missing>`, as for every pulled image. */
export async function history(
  deps: ImageServiceDeps,
  name: string,
  platform: Platform | undefined,
): Promise<readonly HistoryItem[]> {
  const { record, manifests, repoTags } = await describeImage(deps, findImage(deps.records, name).record);
  const best = pickManifest(manifests, platform ?? deps.host, platform === undefined);
  if (!best) throw wrongPlatform(name, platform);
  const chains = chainIdsOf(best.document.diffIds);
  let layer = 0;
  const rows = best.document.history.map((entry): HistoryItem => {
    const chain = entry.emptyLayer ? undefined : chains[layer++];
    return {
      Id: '<missing>',
      Created: Math.floor((Date.parse(entry.created ?? '') || 0) / 1000),
      CreatedBy: entry.createdBy,
      Tags: null,
      Size: chain === undefined ? 0 : unpackedBytes(deps.layers, chain),
      Comment: entry.comment,
    };
  });
  const [top, ...below] = rows.reverse();
  return top ? [{ ...top, Id: record.target.digest, Tags: repoTags.length > 0 ? repoTags : null }, ...below] : [];
}
