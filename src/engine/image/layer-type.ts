import type { Digest } from '../../oci/digest.ts';
import type { ContentStore } from '../../store/content/content-store.ts';
import { invalidArchive } from './errors.ts';

/**
 * What a layer blob's media type ends with, by its first bytes: nothing for plain tar, `+gzip` or `+zstd`
 * (image-spec layer.md). Errors: invalid_parameter for compression that layers may not have.
 */
export async function layerSuffix(content: ContentStore, digest: Digest): Promise<string> {
  const start = await firstBytes(await content.stream(digest));
  if (start.startsWith('1f8b')) return '+gzip';
  if (start.startsWith('28b52ffd') || /^5.2a4d18/.test(start)) return '+zstd';
  if (start.startsWith('425a68') || start.startsWith('fd377a58'))
    throw invalidArchive(`layer ${digest} is compressed by bzip2 or xz`);
  return '';
}

/** At least 4 bytes as hexadecimal text, when there are as many. */
async function firstBytes(stream: AsyncIterable<Uint8Array>): Promise<string> {
  let hex = '';
  for await (const piece of stream) {
    hex += Buffer.from(piece.subarray(0, 8)).toString('hex');
    if (hex.length >= 8) break;
  }
  return hex;
}
