import type { RemoteRepository } from '../../distribution/registry-client.ts';
import { isKind } from '../../lib/errors.ts';
import type { ImageIndex, ImageManifest, OciDescriptor } from '../../oci/manifest.ts';
import { parseManifest } from '../../oci/manifest.ts';
import type { ContentStore, Descriptor } from '../../store/content/content-store.ts';
import { ATTESTED, isAttestation } from './catalog.ts';

interface FetchDeps {
  readonly content: ContentStore;
  readonly repository: RemoteRepository;
}

/** More than any builder makes for one platform. */
const MAX_ATTESTATIONS = 32;

/**
 * Fetches the attestations of an index that speak of a manifest, with their blobs, so that they go along when the image is saved or
 * pushed. One that the registry does not have, or that is malformed, is left out: the image is whole without it. Errors: those of the registry
 * otherwise.
 */
export async function fetchAttestations(
  deps: FetchDeps,
  index: ImageIndex,
  subject: Descriptor,
  signal: AbortSignal,
): Promise<void> {
  const about = index.manifests.filter(
    (entry) => isAttestation(entry) && entry.annotations?.[ATTESTED] === subject.digest,
  );
  for (const entry of about.slice(0, MAX_ATTESTATIONS)) {
    await fetchOne(deps, entry, signal).catch((error: unknown) => {
      if (!isKind(error, 'not_found', 'invalid_parameter')) throw error;
    });
  }
}

/** The manifest last: it is not here without what it names. */
async function fetchOne({ content, repository }: FetchDeps, entry: OciDescriptor, signal: AbortSignal): Promise<void> {
  const manifest = await readManifest({ content, repository }, entry, signal);
  for (const blob of manifest.kind === 'manifest' ? blobsOf(manifest.parsed) : []) {
    if (await content.has(blob.digest)) continue;
    await content.resume(blob, (offset) => repository.blob(blob, { offset, signal }), { signal });
  }
  if (!(await content.has(entry.digest)))
    await content.write(once(manifest.bytes), { digest: entry.digest, size: entry.size, signal });
}

function blobsOf({ config, layers }: ImageManifest): readonly Descriptor[] {
  return [config, ...layers].filter(({ mediaType }) => !/\.foreign\.|\.nondistributable\./.test(mediaType));
}

type Read = { readonly bytes: Uint8Array } & (
  | { readonly kind: 'manifest'; readonly parsed: ImageManifest }
  | { readonly kind: 'other' }
);

async function readManifest(
  { content, repository }: FetchDeps,
  entry: OciDescriptor,
  signal: AbortSignal,
): Promise<Read> {
  const here = await content.has(entry.digest);
  const bytes = here
    ? await content.readAll(entry.digest)
    : (await repository.manifest(entry.digest, { signal })).bytes;
  const parsed = parseManifest(bytes, entry.mediaType);
  return parsed.kind === 'manifest' ? { kind: 'manifest', parsed, bytes } : { kind: 'other', bytes };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
