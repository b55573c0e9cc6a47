import { chainIdsOf } from '../../oci/chain-id.ts';
import type { ImageServiceDeps } from './deps.ts';
import { describeImage, unpackedBytes } from './describe.ts';
import { noSuchImage } from './errors.ts';
import { findImage } from './find.ts';
import type { HistoryItem } from './service.ts';

/** Rows newest first. Only the image itself has an id; what lies below is `<missing>`, as for every pulled image. */
export async function history(deps: ImageServiceDeps, name: string): Promise<readonly HistoryItem[]> {
  const { record, best, repoTags } = await describeImage(deps, findImage(deps.records, name).record);
  if (!best) throw noSuchImage(name);
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
