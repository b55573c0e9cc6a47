import { KnownError } from '../lib/errors.ts';
import type { CollectOptions } from './arguments.ts';
import type { RegistryConfig } from './config/config.ts';
import { formatSize } from './page/html.ts';
import { createRegistry } from './registry.ts';
import { collect } from './storage/collect.ts';
import { createFilesystemDriver } from './storage/filesystem-driver.host.ts';
import { lockRoot } from './storage/root-lock.host.ts';

/**
 * One collection of a storage that nobody serves, as the CNCF registry's command of that name: what nothing leads to goes, however
 * young. Tells each thing and the sums. Errors: invalid_parameter for a storage in memory, conflict when the root is served.
 */
export async function collectGarbage(
  { storage, limits, requiredPlatforms, proxy }: RegistryConfig,
  { dryRun, deleteUntagged, quiet }: CollectOptions,
  print: (text: string) => void,
): Promise<void> {
  const { root } = storage;
  if (root === undefined) throw new KnownError('invalid_parameter', 'a storage in memory is gone with its server');
  using _locked = lockRoot(root);
  const now = Date.now;
  const driver = createFilesystemDriver({ root });
  const deps = { driver, now, graceMs: 0, maxUploads: limits.uploads, requiredPlatforms };
  const registry = createRegistry({ ...deps, partial: proxy !== undefined });
  const tell = (what: string): void => {
    if (!quiet) print(`${what} ${dryRun ? 'eligible for deletion' : 'deleted'}\n`);
  };
  const options = { ...registry, now, graceMs: 0, deleteUntagged, dryRun, tell };
  const { manifests, links, blobs, bytes } = await collect(options, new AbortController().signal);
  const sums = `${manifests} manifests, ${links} links of repositories, ${blobs} blobs (${formatSize(bytes)})`;
  print(`${sums} ${dryRun ? 'eligible for deletion' : 'deleted'}\n`);
}
