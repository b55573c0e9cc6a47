import type { RemoteRepository } from '../../distribution/registry-client.ts';
import { isKind, KnownError } from '../../lib/errors.ts';
import type { ImageDocument } from '../../oci/image-config.ts';
import { parseImageDocument } from '../../oci/image-config.ts';
import type { ImageIndex, ImageManifest } from '../../oci/manifest.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { isImageConfigType } from '../../oci/media-type.ts';
import type { Platform } from '../../oci/platform.ts';
import { parsePlatform, platformRank } from '../../oci/platform.ts';
import type { Reference } from '../../oci/reference.ts';
import {
  familiarName,
  familiarReference,
  formatReference,
  parseReference,
  withDefaultTag,
} from '../../oci/reference.ts';
import type { Descriptor } from '../../store/content/content-store.ts';
import { bestMatch, isAttestation } from './catalog.ts';
import type { ImageServiceDeps } from './deps.ts';
import { noMatchingManifest, pullError, schema1Removed, wrongPlatform } from './errors.ts';
import { publishImage } from './image-event.ts';
import { fetchAttestations } from './pull-attestations.ts';
import { fetchLayers } from './pull-layers.ts';
import type { ImageService, ProgressSink } from './service.ts';
import { pairLayers } from './unpack.ts';

export type PullRequest = Parameters<ImageService['pull']>[0];

/** One image to fetch: what the registry was asked for, and how. */
interface Source {
  readonly reference: Reference;
  readonly repository: RemoteRepository;
  /** What was asked for by name; undefined: whatever the machine runs. */
  readonly platform: Platform | undefined;
}

const MAX_CONFIG_BYTES = 8 << 20;

/** Pulls one reference, or every tag of its repository. Errors: with Docker's texts, see errors.ts. */
export async function pull(
  deps: ImageServiceDeps,
  request: PullRequest,
  progress: ProgressSink,
  signal: AbortSignal,
): Promise<void> {
  const reference = parsePullReference(request.reference);
  const platform = request.platform ? parsePlatform(request.platform, deps.host) : undefined;
  const repository = deps.registry.repository(reference, request.auth);
  const one = (wanted: Reference): Promise<void> =>
    pullOne(deps, { reference: wanted, repository, platform }, progress, signal);
  try {
    if (request.allTags) await pullAll(reference, repository, one, signal);
    else await one(withDefaultTag(reference));
  } catch (error) {
    if (!mayGoOn(error)) await deps.collector.collect();
    throw error;
  }
}

/** What broke off may be gone on with later: its blobs stay. What is wrong will not become right. */
function mayGoOn(error: unknown): boolean {
  return isKind(error, 'cancelled', 'unavailable');
}

async function pullAll(
  reference: Reference,
  repository: RemoteRepository,
  one: (reference: Reference) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const tags = await explained(reference, repository.tags({ signal }));
  if (tags.length === 0) throw new KnownError('not_found', `no tags found for ${familiarName(reference)}`);
  for (const tag of tags) await one({ ...reference, tag, digest: undefined });
}

export function parsePullReference(text: string): Reference {
  const reference = parseReference(text);
  if (reference.registry === 'docker.io' && reference.path === 'library/scratch') {
    throw new KnownError('forbidden', "'scratch' is a reserved name");
  }
  return reference.digest === undefined ? reference : { ...reference, tag: undefined };
}

async function pullOne(
  deps: ImageServiceDeps,
  source: Source,
  progress: ProgressSink,
  signal: AbortSignal,
): Promise<void> {
  const { reference, repository } = source;
  using _lease = await deps.collector.lease();
  const wanted = reference.digest ?? reference.tag ?? 'latest';
  const remote = await explained(reference, repository.manifest(wanted, { signal }));
  progress({ status: `Pulling from ${reference.path}`, id: wanted });
  const top = parsePulled(reference, remote.bytes, remote.mediaType);
  const target: Descriptor = { mediaType: top.mediaType, digest: remote.digest, size: remote.bytes.byteLength };
  const chosen = await choosePlatform(deps, source, { top, target, bytes: remote.bytes }, signal);
  const document = await fetchConfig(deps, repository, chosen.manifest, signal);
  checkPlatform(source, chosen, document);
  const known = deps.records.findByName(formatReference(reference))?.target.digest === target.digest;
  await fetchAll(deps, repository, pairLayers(chosen.manifest, document), progress, signal);
  if (top.kind === 'index') await fetchAttestations({ ...deps, repository }, top, chosen.descriptor, signal);
  await writeBytes(deps, chosen.descriptor, chosen.bytes, signal);
  await writeBytes(deps, target, remote.bytes, signal);
  signal.throwIfAborted();
  deps.collector.claim(target.digest);
  deps.records.put(target, [formatReference(reference)], deps.now());
  publishPull(deps, reference, document);
  progress({ status: `Digest: ${target.digest}` });
  progress({
    status: `Status: ${known ? 'Image is up to date' : 'Downloaded newer image'} for ${familiarReference(reference)}`,
  });
}

async function fetchAll(
  deps: ImageServiceDeps,
  repository: RemoteRepository,
  layers: ReturnType<typeof pairLayers>,
  progress: ProgressSink,
  signal: AbortSignal,
): Promise<void> {
  try {
    await fetchLayers({ ...deps, repository }, layers, progress, signal);
  } catch (error) {
    if (!mayGoOn(error)) for (const { descriptor } of layers) await deps.content.forget(descriptor.digest);
    throw error;
  }
}

interface Fetched {
  readonly top: ImageManifest | ImageIndex;
  readonly target: Descriptor;
  readonly bytes: Uint8Array;
}

interface Chosen {
  readonly descriptor: Descriptor;
  readonly manifest: ImageManifest;
  readonly bytes: Uint8Array;
  /** It was the only one: nobody chose it by platform. */
  readonly alone: boolean;
}

async function choosePlatform(
  deps: ImageServiceDeps,
  source: Source,
  { top, target, bytes }: Fetched,
  signal: AbortSignal,
): Promise<Chosen> {
  if (top.kind === 'manifest') return { descriptor: target, manifest: top, bytes, alone: true };
  const wanted = source.platform ?? deps.host;
  const candidates = top.manifests.flatMap((descriptor) =>
    descriptor.platform && !isAttestation(descriptor) ? [{ platform: descriptor.platform, descriptor }] : [],
  );
  const descriptor = bestMatch(candidates, wanted)?.descriptor;
  if (!descriptor) throw noMatchingManifest(wanted);
  const remote = await explained(source.reference, source.repository.manifest(descriptor.digest, { signal }));
  if (remote.bytes.byteLength !== descriptor.size)
    throw new KnownError(
      'data_loss',
      `manifest ${descriptor.digest} has ${remote.bytes.byteLength} bytes, not ${descriptor.size}`,
    );
  const manifest = parsePulled(source.reference, remote.bytes, descriptor.mediaType);
  if (manifest.kind === 'index')
    throw new KnownError('invalid_parameter', `the entry for this platform is an index itself: ${descriptor.digest}`);
  return { descriptor, manifest, bytes: remote.bytes, alone: false };
}

function parsePulled(reference: Reference, bytes: Uint8Array, mediaType: string): ImageManifest | ImageIndex {
  try {
    return parseManifest(bytes, mediaType);
  } catch (error) {
    throw isKind(error, 'not_implemented') ? schema1Removed(formatReference(reference)) : error;
  }
}

async function fetchConfig(
  deps: ImageServiceDeps,
  repository: RemoteRepository,
  manifest: ImageManifest,
  signal: AbortSignal,
): Promise<ImageDocument> {
  const { config } = manifest;
  if (!isImageConfigType(config.mediaType))
    throw new KnownError(
      'invalid_parameter',
      `not a container image: its config is of type ${config.mediaType || 'unknown'}`,
    );
  if (config.size > MAX_CONFIG_BYTES)
    throw new KnownError('invalid_parameter', `image config ${config.digest} is larger than ${MAX_CONFIG_BYTES} bytes`);
  if (!(await deps.content.has(config.digest, config.size))) {
    await deps.content.write(repository.blob(config, { signal }), { digest: config.digest, size: config.size, signal });
  }
  return parseImageDocument(await deps.content.readAll(config.digest));
}

/** An image for one platform only is taken as it is, unless another platform was asked for by name. */
function checkPlatform({ platform, reference }: Source, chosen: Chosen, document: ImageDocument): void {
  if (!platform || !chosen.alone) return;
  if (platformRank(platform, document.platform) === undefined)
    throw wrongPlatform(familiarReference(reference), platform);
}

async function writeBytes(
  deps: ImageServiceDeps,
  descriptor: Descriptor,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  await deps.content.write(once(bytes), { digest: descriptor.digest, size: descriptor.size, signal });
}

export async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function publishPull(deps: ImageServiceDeps, reference: Reference, document: ImageDocument): void {
  const name = familiarReference(reference);
  const labels = (document.config.Labels ?? {}) as Readonly<Record<string, string>>;
  publishImage(deps, 'pull', name, { name: familiarName(reference), labels });
}

/** Turns a registry's failure into the text people know. */
export async function explained<T>(reference: Reference, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw pullError(error, familiarName(reference), familiarReference(reference));
  }
}
