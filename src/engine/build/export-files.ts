import { KnownError } from '../../lib/errors.ts';
import type { BuildFolder } from '../../linux/build/build-folders.ts';
import { formatPlatform } from '../../oci/platform.ts';
import type { OutputRequest } from './request.ts';
import type { PlatformResult } from './work.ts';
import { chainOf } from './work.ts';

/** The targets' files as one tar: at its root, or each platform's in a folder `os_arch` of its own. */
export async function exportFiles(
  results: readonly PlatformResult[],
  {
    folder,
    output,
    clampSeconds,
  }: {
    readonly folder: BuildFolder;
    readonly output: Extract<OutputRequest, { readonly platformSplit: unknown }>;
    readonly clampSeconds: number | undefined;
  },
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const split = output.platformSplit ?? results.length > 1;
  const trees: { readonly lower: readonly string[]; readonly name: string }[] = [];
  for (const { work, layers } of results) {
    await work.deps.layers.ensureUnpacked(layers, { signal });
    const lower = work.deps.layers.lowerOf(chainOf(layers));
    trees.push({ lower, name: split ? formatPlatform(work.platform).replaceAll('/', '_') : '' });
  }
  if (!split && trees.length > 1)
    throw new KnownError('not_implemented', 'platform-split=false is not supported for more than one platform');
  return folder.archive(trees, { mtimeSeconds: clampSeconds, signal });
}
