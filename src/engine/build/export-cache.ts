import { messageOf } from '../../lib/errors.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../oci/media-type.ts';
import { parseReference, withDefaultTag } from '../../oci/reference.ts';
import type { Descriptor } from '../../store/content/content-store.ts';
import { pushBlobs, pushLayers } from '../image/push-blobs.ts';
import { archiveOf } from '../image/save.ts';
import type { BegunBuild } from './build-image.ts';
import { CACHE_CONFIG, type CacheRecord, recordsOf, toCacheConfig } from './cache-records.ts';
import { inTask } from './progress.ts';
import type { CacheExport } from './request.ts';
import type { PlatformResult } from './work.ts';
import { writeJson } from './write-image.ts';

type Sent = Exclude<CacheExport, { readonly kind: 'inline' }>;

/** Writes what was asked for besides inline caches, which are in the image. Errors: those of the registry and the client, unless they are to be ignored. */
export async function exportCaches(
  begun: BegunBuild,
  results: readonly PlatformResult[],
  signal: AbortSignal,
): Promise<void> {
  for (const [index, cache] of begun.request.cacheTo.entries()) {
    if (cache.kind === 'inline') continue;
    const where = cache.kind === 'registry' ? 'registry' : 'client directory';
    try {
      await inTask(begun.progress, `exporting cache to ${where}`, async () => {
        await exportOne(begun, results, cache, index, signal);
      });
    } catch (error) {
      signal.throwIfAborted();
      if (!cache.ignoreError) throw error;
      begun.progress.tell({ kind: 'warning', text: `the cache was not exported: ${messageOf(error)}` });
    }
  }
}

async function exportOne(
  begun: BegunBuild,
  results: readonly PlatformResult[],
  cache: Sent,
  index: number,
  signal: AbortSignal,
): Promise<void> {
  const { deps, request } = begun;
  const records = new Map<string, CacheRecord>();
  for (const { work } of results) for (const record of recordsOf(work, cache.mode)) records.set(record.key, record);
  const written = await writeCache(begun, [...records.values()], cache, signal);
  if (cache.kind === 'registry') return await pushCache(begun, written, cache, signal);
  const { target } = written;
  const annotations = { 'org.opencontainers.image.ref.name': cache.tag || 'latest' };
  const archive = await archiveOf(deps, { ...target, annotations }, { names: [], legacy: false }, signal);
  await request.session.receiveCache(index, archive);
}

interface WrittenCache {
  readonly target: Descriptor;
  readonly bytes: Uint8Array;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

async function writeCache(
  { deps: { content, now } }: BegunBuild,
  records: readonly CacheRecord[],
  { imageManifest }: Sent,
  signal: AbortSignal,
): Promise<WrittenCache> {
  const { config: document, layers } = toCacheConfig(records, new Date(now()).toISOString());
  const config = { mediaType: CACHE_CONFIG, ...(await writeJson(content, document, signal)) };
  const mediaType = imageManifest ? OCI_MANIFEST : OCI_INDEX;
  const parts = imageManifest ? { config, layers } : { manifests: [...layers, config] };
  const manifest = { schemaVersion: 2, mediaType, ...parts };
  const target = { mediaType, ...(await writeJson(content, manifest, signal)) };
  return { target, bytes: await content.readAll(target.digest), config, layers };
}

async function pushCache(
  { deps, request, progress }: BegunBuild,
  { target, bytes, config, layers }: WrittenCache,
  { reference: name }: Extract<Sent, { readonly kind: 'registry' }>,
  signal: AbortSignal,
): Promise<void> {
  const reference = withDefaultTag(parseReference(name));
  const auth = await request.session.authFor(reference.registry);
  const repository = deps.registry.repository(reference, auth, { push: true });
  const { content, now, transfers } = deps;
  const work = { content, now, parallel: transfers().uploads, repository, sources: new Map() };
  await pushLayers(work, layers, (message) => progress.tell({ kind: 'push', message }), signal);
  await pushBlobs(work, [config], signal);
  await repository.putManifest(reference.tag ?? 'latest', { ...target, bytes }, { signal });
}
