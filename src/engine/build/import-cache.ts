import { isKind, KnownError, messageOf } from '../../lib/errors.ts';
import { parseImageDocument } from '../../oci/image-config.ts';
import { jsonFields, type OciDescriptor, parseDescriptor, parseManifest } from '../../oci/manifest.ts';
import { isImageConfigType } from '../../oci/media-type.ts';
import { familiarReference, formatReference, parseReference, withDefaultTag } from '../../oci/reference.ts';
import type { Descriptor } from '../../store/content/content-store.ts';
import { isAttestation } from '../image/catalog.ts';
import type { BegunBuild } from './build-image.ts';
import { CACHE_CONFIG, type ForeignRecord, parseCacheConfig, parseInlineField } from './cache-records.ts';
import type { BuildDeps } from './deps.ts';
import { readOciLayout } from './oci-layout.ts';
import { inTask } from './progress.ts';
import type { CacheImport } from './request.ts';
import type { StepCache } from './step-cache.ts';
import type { CacheKey } from './step-inputs.ts';
import type { StageLayers } from './work.ts';

/** Caches of elsewhere, beside the own one. */
export interface ImportedCaches {
  /** The layer of a key, fetched, unpacked on top of these, and in the own cache from now on; undefined: nobody has it. */
  find(key: CacheKey, below: StageLayers | undefined, signal: AbortSignal): ReturnType<StepCache['find']>;
}

interface Source {
  /** A document by its descriptor. */
  read(descriptor: Descriptor): Promise<Uint8Array>;
  /** Brings a blob into the content store. */
  fetch(descriptor: Descriptor, signal: AbortSignal): Promise<void>;
}

interface Known extends ForeignRecord {
  readonly source: Source;
}

/** Reads what is known elsewhere; layers only when they are asked for. A cache that cannot be read fails its task and not the build. */
export async function importCaches(
  { deps, request, progress }: BegunBuild,
  own: StepCache,
  signal: AbortSignal,
): Promise<ImportedCaches> {
  const known = new Map<string, Known>();
  for (const cache of request.cacheFrom) {
    const name = cache.kind === 'registry' ? cache.reference : 'client directory';
    try {
      await inTask(progress, `importing cache manifest from ${name}`, async () => {
        for (const record of await readCache({ deps, request }, cache, signal))
          if (!known.has(record.key)) known.set(record.key, record);
      });
    } catch {
      signal.throwIfAborted();
    }
  }
  return {
    async find(key, below, until) {
      const record = known.get(key);
      if (record === undefined) return undefined;
      try {
        await record.source.fetch(record.layer.descriptor, until);
        await deps.layers.ensureUnpacked([...(below ?? []), record.layer], { signal: until });
      } catch (error) {
        until.throwIfAborted();
        // as if nobody had it: the step is made here
        known.delete(key);
        progress.tell({ kind: 'warning', text: `a cached layer could not be imported: ${messageOf(error)}` });
        return undefined;
      }
      const content = (record.content ?? key) as CacheKey;
      own.alias(key, content);
      deps.cache.keepLayer(content, record.layer, record.description);
      return await own.find(key, below);
    },
  };
}

type Reading = Pick<BegunBuild, 'deps' | 'request'>;

async function readCache(
  { deps, request }: Reading,
  cache: CacheImport,
  signal: AbortSignal,
): Promise<readonly Known[]> {
  if (cache.kind === 'local') {
    const target = await readOciLayout(deps, cache, signal);
    return await readTarget(await deps.content.readAll(target.digest), target.mediaType, localSource(deps));
  }
  const reference = withDefaultTag(parseReference(cache.reference));
  const local = deps.records.findByName(formatReference(reference));
  const here = local ? await readLocalImage(deps, local.target) : [];
  if (here.length > 0) return here;
  const repository = deps.registry.repository(reference, await request.session.authFor(reference.registry));
  const { bytes, mediaType } = await repository.manifest(reference.digest ?? reference.tag ?? 'latest', { signal });
  const fetch: Source['fetch'] = async (descriptor, until) => {
    if (await deps.content.has(descriptor.digest, descriptor.size)) return;
    const from = (offset: number): AsyncIterable<Uint8Array> => repository.blob(descriptor, { signal: until, offset });
    await deps.content.resume(descriptor, from, { signal: until });
  };
  const read: Source['read'] = async (descriptor) => {
    if (descriptor.size > MAX_CONFIG_BYTES)
      throw new KnownError('invalid_parameter', `${familiarReference(reference)}: cache config too large`);
    if (isNested(descriptor)) return (await repository.manifest(descriptor.digest, { signal })).bytes;
    await fetch(descriptor, signal);
    return await deps.content.readAll(descriptor.digest, MAX_CONFIG_BYTES);
  };
  return await readTarget(bytes, mediaType, { read, fetch });
}

const MAX_CONFIG_BYTES = 32 * 1024 * 1024;
/** Images of an index that are looked at. */
const MAX_IMAGES = 20;

function isNested({ mediaType }: Descriptor): boolean {
  return mediaType.includes('manifest') || mediaType.includes('index');
}

/** An image of the store may hold records of its own layers; it need not be whole. */
async function readLocalImage(deps: BuildDeps, target: Descriptor): Promise<readonly Known[]> {
  try {
    return await readTarget(await deps.content.readAll(target.digest), target.mediaType, localSource(deps));
  } catch (error) {
    if (isKind(error, 'not_found')) return [];
    throw error;
  }
}

function localSource({ content }: Pick<BuildDeps, 'content'>): Source {
  return {
    read: async ({ digest }) => await content.readAll(digest, MAX_CONFIG_BYTES),
    // what the archive did not bring is found out when it is unpacked
    fetch: async () => undefined,
  };
}

/** A cache's manifest or index, an image with records in its document, or an index of such images. */
async function readTarget(bytes: Uint8Array, mediaType: string, source: Source): Promise<readonly Known[]> {
  const known = (records: readonly ForeignRecord[]): readonly Known[] =>
    records.map((record) => ({ ...record, source }));
  const parsed = parseManifest(bytes, mediaType);
  if (parsed.kind === 'index') {
    const config = parsed.manifests.find((one) => one.mediaType === CACHE_CONFIG);
    if (config) return known(parseCacheConfig(await source.read(config), parsed.manifests));
    const found: Known[] = [];
    for (const image of parsed.manifests.filter((one) => !isAttestation(one)).slice(0, MAX_IMAGES))
      found.push(...(await readTarget(await source.read(image), image.mediaType, source)));
    return found;
  }
  const config: OciDescriptor = parseDescriptor(parsed.config);
  if (config.mediaType === CACHE_CONFIG) return known(parseCacheConfig(await source.read(config), parsed.layers));
  if (!isImageConfigType(config.mediaType)) return [];
  const document = await source.read(config);
  const { diffIds } = parseImageDocument(document);
  return known(parseInlineField(jsonFields(document, 'image config'), parsed.layers, diffIds));
}
