import type { RemoteRepository } from '../../distribution/registry-client.ts';
import { KnownError } from '../../lib/errors.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ImageManifest } from '../../oci/manifest.ts';
import type { Platform } from '../../oci/platform.ts';
import type { Reference } from '../../oci/reference.ts';
import { canonicalName, familiarReference, parseReference } from '../../oci/reference.ts';
import type { ContentStore, Descriptor } from '../../store/content/content-store.ts';
import type { ImageRecord } from '../../store/record/image-records.ts';
import { hasAll, mayBeDocument, pickExact, pickManifest } from './catalog.ts';
import type { ImageServiceDeps } from './deps.ts';
import { wrongPlatform } from './errors.ts';

/** What goes to the registry, in the order of sending: layers and configs, manifests and inner indexes, the top. */
export interface PushPlan {
  /** Top layer first, each digest once. */
  readonly layers: readonly Descriptor[];
  /** And files of other kinds that an index names. */
  readonly configs: readonly Descriptor[];
  /** Below the top, deepest first, but for what is no manifest. */
  readonly manifests: readonly Document[];
  readonly top: Document;
  /** The index that stays here because some of its platforms are not; `top` is the only platform there is. */
  readonly insteadOf: Descriptor | undefined;
}

export interface Document {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

interface Wanted {
  readonly record: ImageRecord;
  readonly reference: Reference;
  readonly platform: Platform | undefined;
  readonly repository: RemoteRepository;
}

type Deps = Pick<ImageServiceDeps, 'catalog' | 'content' | 'records' | 'host'>;

const MAX_DEPTH = 4;
const MAX_MANIFEST_BYTES = 4 << 20;

/**
 * An index goes as a whole when everything below it is here or in the repository already. Otherwise the one platform that is
 * here goes alone, as Docker does; when there are several, one must be chosen.
 */
export async function planPush(deps: Deps, wanted: Wanted, signal: AbortSignal): Promise<PushPlan> {
  const { target } = wanted.record;
  const parsed = await deps.catalog.read(target);
  if (!parsed) throw unpushable(target);
  if (parsed.kind === 'manifest') {
    if (wanted.platform) await choose(deps, wanted, wanted.platform);
    return await planFrom(deps, target, undefined, new Set());
  }
  if (wanted.platform) return await planFrom(deps, await choose(deps, wanted, wanted.platform), undefined, new Set());
  const { missing, remote } = await lookForMissing(deps, wanted, signal);
  if (!missing) return await planFrom(deps, target, undefined, remote);
  return await planFrom(deps, await chooseInstead(deps, wanted), target, new Set());
}

/** The one platform that is here, or of several the machine's. */
async function chooseInstead(deps: Deps, { record, reference }: Wanted): Promise<Descriptor> {
  const local = await deps.catalog.manifests(record.target);
  const [only, another] = local;
  if (!only) throw wrongPlatform(familiarReference(reference));
  if (!another) return only.descriptor;
  const own = pickManifest(local, deps.host, false);
  if (own) return own.descriptor;
  throw new KnownError('conflict', 'multiple matching manifests found but no specific platform requested');
}

async function choose(deps: Deps, { record, reference }: Wanted, platform: Platform): Promise<Descriptor> {
  const found = pickExact(await deps.catalog.manifests(record.target), platform);
  if (!found) throw wrongPlatform(familiarReference(reference), platform);
  return found.descriptor;
}

/** The first manifest that is neither whole here nor in the repository, and those that are in the repository only. */
async function lookForMissing(
  deps: Deps,
  { record, repository }: Wanted,
  signal: AbortSignal,
): Promise<{ readonly missing: Descriptor | undefined; readonly remote: ReadonlySet<Digest> }> {
  const remote = new Set<Digest>();
  const seen = new Set<Digest>();
  const visit = async (descriptor: Descriptor, depth: number): Promise<Descriptor | undefined> => {
    if (seen.has(descriptor.digest)) return undefined;
    seen.add(descriptor.digest);
    if (!mayBeDocument(descriptor)) return (await deps.content.has(descriptor.digest)) ? undefined : descriptor;
    const parsed = depth > MAX_DEPTH ? undefined : await deps.catalog.read(descriptor);
    if (parsed?.kind === 'manifest' && (await isWhole(deps.content, parsed))) return undefined;
    if (parsed?.kind === 'index') {
      for (const child of parsed.manifests) {
        const missing = await visit(child, depth + 1);
        if (missing) return missing;
      }
      return undefined;
    }
    if (!(await repository.hasManifest(descriptor.digest, { signal }))) return descriptor;
    remote.add(descriptor.digest);
    return undefined;
  };
  return { missing: await visit(record.target, 0), remote };
}

async function isWhole(content: ContentStore, manifest: ImageManifest): Promise<boolean> {
  return await hasAll(content, [manifest.config, ...manifest.layers.filter(isDistributable)]);
}

function unpushable({ digest, mediaType }: Descriptor): KnownError {
  const why = mayBeDocument({ digest, mediaType, size: 0 })
    ? 'not found'
    : `is of type ${mediaType}: not a manifest or an index`;
  return new KnownError('not_found', `content ${digest} ${why}`);
}

/** Foreign layers stay where their urls say (image-spec layer.md, "Non-Distributable Layers"). */
function isDistributable({ mediaType }: Descriptor): boolean {
  return !/\.foreign\.|\.nondistributable\./.test(mediaType);
}

async function planFrom(
  deps: Deps,
  start: Descriptor,
  insteadOf: Descriptor | undefined,
  remote: ReadonlySet<Digest>,
): Promise<PushPlan> {
  const layers = new Map<Digest, Descriptor>();
  const configs = new Map<Digest, Descriptor>();
  const documents = new Map<Digest, Document>();
  const visit = async (descriptor: Descriptor, depth: number): Promise<void> => {
    if (documents.has(descriptor.digest) || remote.has(descriptor.digest)) return;
    if (!mayBeDocument(descriptor)) return void configs.set(descriptor.digest, descriptor);
    const parsed = depth > MAX_DEPTH ? undefined : await deps.catalog.read(descriptor);
    if (!parsed) throw new KnownError('not_found', `content ${descriptor.digest} not found`);
    if (parsed.kind === 'index') for (const child of parsed.manifests) await visit(child, depth + 1);
    if (parsed.kind === 'manifest') {
      configs.set(parsed.config.digest, parsed.config);
      for (const layer of parsed.layers.filter(isDistributable).toReversed()) layers.set(layer.digest, layer);
    }
    const bytes = await deps.content.readAll(descriptor.digest, MAX_MANIFEST_BYTES);
    documents.set(descriptor.digest, { descriptor: { ...descriptor, mediaType: parsed.mediaType }, bytes });
  };
  await visit(start, 0);
  const top = documents.get(start.digest);
  if (!top) throw new KnownError('not_found', `content ${start.digest} not found`);
  documents.delete(start.digest);
  const manifests = [...documents.values()];
  return { layers: [...layers.values()], configs: [...configs.values()], manifests, top, insteadOf };
}

/** Repositories of the same registry whose images here share a blob: the registry may have it there. By digest, at most 3. */
export async function mountSources(
  { records, catalog }: Pick<Deps, 'records' | 'catalog'>,
  reference: Reference,
): Promise<ReadonlyMap<Digest, readonly string[]>> {
  const sources = new Map<Digest, string[]>();
  for (const { names, target } of records.list()) {
    const others = names
      .map(parseReference)
      .filter((name) => name.registry === reference.registry && canonicalName(name) !== canonicalName(reference));
    if (others.length === 0) continue;
    for (const { digest } of await catalog.reachable(target)) {
      const paths = sources.get(digest) ?? [];
      for (const { path } of others) if (!paths.includes(path) && paths.length < 3) paths.push(path);
      sources.set(digest, paths);
    }
  }
  return sources;
}
