import { KnownError } from '../../lib/errors.ts';
import type { ArchivedTree, BuildFolder } from '../../linux/build/build-folders.ts';
import { formatPlatform } from '../../oci/platform.ts';
import type { Attested } from './attest.ts';
import { statementFiles } from './attest-files.ts';
import type { OutputRequest } from './request.ts';
import { chainOf, type PlatformResult } from './work.ts';

interface Exporting {
  readonly folder: BuildFolder;
  readonly output: Extract<OutputRequest, { readonly platformSplit: unknown }>;
  readonly clampSeconds: number | undefined;
  readonly attested: (result: PlatformResult) => Promise<readonly Attested[]>;
}

/**
 * The targets' files as one tar: at its root, or each platform's in a folder `os_arch` of its own; with what is attested of them. Errors:
 * invalid_parameter where two platforms have a file of one name at the root.
 */
export async function exportFiles(
  results: readonly PlatformResult[],
  { folder, output, clampSeconds, attested }: Exporting,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const split = output.platformSplit ?? results.length > 1;
  const trees: ArchivedTree[] = [];
  const owners = new Map<string, string>();
  for (const result of results) {
    const { work, layers } = result;
    await work.deps.layers.ensureUnpacked(layers, { signal });
    const lower = work.deps.layers.lowerOf(chainOf(layers));
    const statements = await statementFiles(result, await attested(result), output.platformSplit ?? true, signal);
    if (!split && results.length > 1) await checkApart(result, lower, owners, signal);
    trees.push({ lower, name: split ? formatPlatform(work.platform).replaceAll('/', '_') : '', files: statements });
  }
  return folder.archive(trees, { mtimeSeconds: clampSeconds, signal });
}

/** BuildKit's rule (exporter/local): folders of platforms are joined, files must differ in their paths. */
async function checkApart(
  { work: { deps, platform } }: PlatformResult,
  lower: readonly string[],
  owners: Map<string, string>,
  signal: AbortSignal,
): Promise<void> {
  const name = formatPlatform(platform);
  for (const { path, type } of await deps.files.index({ kind: 'layers', lower }, ['/'], { hash: false }, signal)) {
    if (type === 'directory') continue;
    const other = owners.get(path);
    if (other !== undefined)
      throw new KnownError(
        'invalid_parameter',
        `cannot overwrite ${path.slice(1)} from ${other} with ${name} when split option is disabled`,
      );
    owners.set(path, name);
  }
}
