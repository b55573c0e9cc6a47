import { wrapError } from '../../lib/errors.ts';
import { tarEnd, tarHeader, tarPadding } from '../../lib/tar/writer.ts';
import type { Digest } from '../../oci/digest.ts';
import { digestHex } from '../../oci/digest.ts';
import { OCI_INDEX } from '../../oci/media-type.ts';
import type { Platform } from '../../oci/platform.ts';
import { canonicalName, familiarReference, parseReference } from '../../oci/reference.ts';
import type { ContentStore, Descriptor } from '../../store/content/content-store.ts';
import type { ImageRecord, ImageRecords } from '../../store/record/image-records.ts';
import type { LocalManifest } from './catalog.ts';
import { otherPlatforms, pickExact, pickManifest } from './catalog.ts';
import type { ImageServiceDeps } from './deps.ts';
import { damagedBlob, wrongPlatform } from './errors.ts';
import { findImage } from './find.ts';
import { publishImage, readLabels } from './image-event.ts';

interface Selected {
  readonly record: ImageRecord;
  /** Canonical names to save; none when it was asked for by id. */
  readonly names: Set<string>;
}

/**
 * One tar that is both an OCI image layout and a docker-archive: the blobs as they are, index.json with one entry per name,
 * manifest.json for the platform that runs here. Blobs of other platforms that are not here are left out.
 * Unknown names and platforms that are not here fail before the first byte. The stream holds a lease: it must be read to its end or returned.
 */
export async function save(
  deps: ImageServiceDeps,
  names: readonly string[],
  signal: AbortSignal,
  platforms: readonly Platform[] = [],
): Promise<AsyncIterable<Uint8Array>> {
  const lease = await deps.collector.lease();
  try {
    const images = select(deps.records, names);
    const parts = await planArchive(deps, images, platforms);
    for (const { record } of images)
      publishImage(deps, 'save', record.target.digest, {
        name: shownName(record),
        labels: await readLabels(deps, record.target),
      });
    return releasing(writeArchive(deps.content, parts, signal), lease);
  } catch (error) {
    lease[Symbol.dispose]();
    throw error;
  }
}

/** The archive of one image that need not be among those kept here; `legacy`: with the manifest.json that old readers want. Call it with a lease held. */
export async function archiveOf(
  deps: Pick<ImageServiceDeps, 'catalog' | 'content' | 'host'>,
  target: Descriptor,
  { names, legacy }: { readonly names: readonly string[]; readonly legacy: boolean },
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const record = { target, names, createdAtMs: 0, taggedAtMs: undefined };
  const parts = await planArchive(deps, [{ record, names: new Set(names) }], []);
  return writeArchive(
    deps.content,
    parts.filter(({ path }) => legacy || path !== 'manifest.json'),
    signal,
  );
}

function shownName(record: ImageRecord): string {
  const [name] = record.names;
  return name === undefined ? record.target.digest : familiarReference(parseReference(name));
}

function select(records: ImageRecords, names: readonly string[]): readonly Selected[] {
  const selected = new Map<Digest, Selected>();
  const add = (record: ImageRecord, name: string | undefined): void => {
    const image = selected.get(record.target.digest) ?? { record, names: new Set<string>() };
    if (name !== undefined) image.names.add(name);
    selected.set(record.target.digest, image);
  };
  for (const name of names) {
    const whole = wholeRepository(records, name);
    for (const [record, full] of whole) add(record, full);
    if (whole.length > 0) continue;
    const found = findImage(records, name);
    add(found.record, found.name);
  }
  return [...selected.values()];
}

/** Every tag of a repository, when the name is one without tag; ids go another way. */
function wholeRepository(records: ImageRecords, text: string): readonly (readonly [ImageRecord, string])[] {
  if (/^(?:sha256:)?[0-9a-f]{64}$/.test(text) || text.startsWith('sha256:')) return [];
  const reference = parseReference(text);
  if (reference.tag !== undefined || reference.digest !== undefined) return [];
  const prefix = `${canonicalName(reference)}:`;
  return records
    .list()
    .flatMap((record) => record.names.filter((name) => name.startsWith(prefix)).map((name) => [record, name] as const));
}

type Part = { readonly path: string; readonly size: number } & (
  | { readonly bytes: Uint8Array }
  | { readonly blob: Digest }
);

async function planArchive(
  deps: Pick<ImageServiceDeps, 'catalog' | 'content' | 'host'>,
  images: readonly Selected[],
  platforms: readonly Platform[],
): Promise<readonly Part[]> {
  const blobs = new Map<Digest, Part>();
  const index: object[] = [];
  const manifests: object[] = [];
  for (const { record, names } of images) {
    const { target, reachable, best } = await chooseContent(deps, record, platforms);
    for (const { digest, size } of reachable) {
      if (!(await deps.content.has(digest))) continue;
      if (!(await deps.content.has(digest, size))) throw damagedBlob(digest);
      blobs.set(digest, { path: blobPath(digest), size, blob: digest });
    }
    index.push(...indexEntries(target, [...names]));
    if (best) manifests.push(manifestEntry(best, [...names]));
  }
  return [
    ...[...blobs.values()].sort((a, b) => (a.path < b.path ? -1 : 1)),
    jsonPart('index.json', { schemaVersion: 2, mediaType: OCI_INDEX, manifests: index }),
    jsonPart('manifest.json', manifests),
    jsonPart('oci-layout', { imageLayoutVersion: '1.0.0' }),
  ];
}

interface Content {
  readonly target: Descriptor;
  readonly reachable: readonly Descriptor[];
  /** What old readers get; undefined: an artifact, which they do not know. */
  readonly best: LocalManifest | undefined;
}

async function chooseContent(
  deps: Pick<ImageServiceDeps, 'catalog' | 'host'>,
  record: ImageRecord,
  platforms: readonly Platform[],
): Promise<Content> {
  const { catalog, host } = deps;
  const entries = await catalog.entries(record.target);
  const manifests = entries.flatMap(({ local }) => local ?? []);
  if (platforms.length === 0) {
    const reachable = await catalog.reachable(record.target);
    return { target: record.target, reachable, best: pickManifest(manifests, host, true) };
  }
  const chosen = platforms.map((platform) => {
    const found = pickExact(manifests, platform);
    if (!found) throw wrapError(wrongPlatform(shownName(record), platform), 'no suitable export target found');
    return found;
  });
  const [only, another] = chosen;
  if (only && !another) {
    const { mediaType, digest, size } = only.descriptor;
    const target = { mediaType: mediaType || only.manifest.mediaType, digest, size };
    return { target, reachable: await catalog.reachable(target), best: only };
  }
  const without = new Set(otherPlatforms(entries, chosen));
  const reachable = await catalog.reachable(record.target, without);
  return { target: record.target, reachable, best: pickManifest(chosen, host, true) };
}

function blobPath(digest: Digest): string {
  return `blobs/sha256/${digestHex(digest)}`;
}

function jsonPart(path: string, value: unknown): Part {
  const bytes = Buffer.from(JSON.stringify(value));
  return { path, size: bytes.byteLength, bytes };
}

function indexEntries(
  { mediaType, digest, size, annotations }: Descriptor,
  names: readonly string[],
): readonly object[] {
  if (names.length === 0) return [{ mediaType, digest, size, ...(annotations ? { annotations } : {}) }];
  return names.map((name) => {
    const { tag } = parseReference(name);
    return {
      mediaType,
      digest,
      size,
      annotations: {
        ...annotations,
        'io.containerd.image.name': name,
        ...(tag === undefined ? {} : { 'org.opencontainers.image.ref.name': tag }),
      },
    };
  });
}

function manifestEntry({ manifest }: LocalManifest, names: readonly string[]): object {
  return {
    Config: blobPath(manifest.config.digest),
    RepoTags: names
      .filter((name) => parseReference(name).tag !== undefined)
      .map((name) => familiarReference(parseReference(name))),
    Layers: manifest.layers.map(({ digest }) => blobPath(digest)),
  };
}

async function* writeArchive(
  content: ContentStore,
  parts: readonly Part[],
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  yield tarHeader({ name: 'blobs/', type: 'directory' });
  yield tarHeader({ name: 'blobs/sha256/', type: 'directory' });
  for (const part of parts) {
    signal.throwIfAborted();
    yield tarHeader({ name: part.path, type: 'file', size: part.size });
    if ('bytes' in part) yield part.bytes;
    else yield* await content.stream(part.blob);
    yield tarPadding(part.size);
  }
  yield tarEnd();
}

/** Gives the lease back at the end, on failure, and on return, also when nothing was read (a generator's `finally` would not run). */
function releasing(source: AsyncGenerator<Uint8Array>, lease: Disposable): AsyncIterable<Uint8Array> {
  const iterator: AsyncIterator<Uint8Array, undefined> = {
    async next() {
      try {
        const next = await source.next();
        if (!next.done) return next;
      } catch (error) {
        lease[Symbol.dispose]();
        throw error;
      }
      lease[Symbol.dispose]();
      return { done: true, value: undefined };
    },
    async return() {
      await source.return(undefined);
      lease[Symbol.dispose]();
      return { done: true, value: undefined };
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}
