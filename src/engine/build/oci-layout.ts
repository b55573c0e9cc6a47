import { KnownError } from '../../lib/errors.ts';
import { isDigest } from '../../oci/digest.ts';
import { type OciDescriptor, parseManifest } from '../../oci/manifest.ts';
import { OCI_INDEX } from '../../oci/media-type.ts';
import type { Descriptor } from '../../store/content/content-store.ts';
import { readArchive } from '../image/archive.ts';
import type { BuildDeps } from './deps.ts';

const REF_NAME = 'org.opencontainers.image.ref.name';

/**
 * Reads a tar of an OCI layout (image-spec image-layout.md) into the content store, and finds what a digest or a tag names in its index ('' and '':
 * the tag `latest`, or all there is). Errors: invalid_parameter when it is malformed or has no such thing. Call it with a lease held.
 */
export async function readOciLayout(
  { content, decompressor }: Pick<BuildDeps, 'content' | 'decompressor'>,
  {
    open,
    tag,
    digest,
  }: {
    readonly open: () => Promise<AsyncIterable<Uint8Array>>;
    readonly tag: string;
    readonly digest: string;
  },
  signal: AbortSignal,
): Promise<Descriptor> {
  const archive = await readArchive(content, decompressor.decompress(await open(), { signal }), signal);
  const index = archive.file('index.json');
  if (index === undefined) throw invalid('it has no index.json');
  const parsed = parseManifest(await content.readAll(index.digest), OCI_INDEX);
  if (parsed.kind !== 'index') throw invalid('index.json is not an index');
  const chosen = choose(parsed.manifests, tag, digest);
  if (chosen === undefined && isDigest(digest) && (await content.has(digest)))
    return { mediaType: '', digest, size: await content.size(digest) };
  if (chosen === undefined) throw invalid(`there is no ${digest || tag || 'latest'} in it`);
  if (!(await content.has(chosen.digest, chosen.size))) throw invalid(`blob ${chosen.digest} is missing`);
  const { mediaType, size } = chosen;
  return { mediaType, digest: chosen.digest, size };
}

function choose(manifests: readonly OciDescriptor[], tag: string, digest: string): OciDescriptor | undefined {
  if (digest !== '') return manifests.find((one) => one.digest === digest);
  const named = manifests.find(({ annotations }) => annotations?.[REF_NAME] === (tag || 'latest'));
  return named ?? (tag === '' && manifests.length === 1 ? manifests[0] : undefined);
}

function invalid(why: string): KnownError {
  return new KnownError('invalid_parameter', `invalid OCI layout: ${why}`);
}
