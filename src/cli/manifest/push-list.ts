import type { RemoteRepository } from '../../distribution/registry-client.ts';
import { KnownError, wrapError } from '../../lib/errors.ts';
import type { OciDescriptor } from '../../oci/manifest.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { DOCKER_MANIFEST } from '../../oci/media-type.ts';
import type { Reference } from '../../oci/reference.ts';
import { canonicalName, parseReference } from '../../oci/reference.ts';
import { indentJson } from '../format/indent.ts';
import type { ListDocument } from './list-document.ts';
import { formatList } from './list-document.ts';
import type { NamedManifest } from './names.ts';
import type { ManifestRegistries } from './registries.host.ts';
import type { StoredManifest } from './stored-manifest.ts';
import { digestOf } from './stored-manifest.ts';

/** A manifest of another repository, which the list's repository is to get with its blobs. */
interface Copy {
  readonly from: Reference;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly blobs: readonly OciDescriptor[];
}

/** What pushing a list is to do. */
export interface ListPush {
  readonly copies: readonly Copy[];
  readonly list: ListDocument;
}

/** Errors: invalid_parameter for a manifest without platform, of another registry, or whose bytes are not known any more. */
export function planListPush(target: Reference, manifests: readonly StoredManifest[]): ListPush {
  for (const { ref, platform } of manifests) {
    if (!platform?.os || !platform.architecture)
      throw new KnownError(
        'invalid_parameter',
        `manifest ${ref} must have an OS and Architecture to be pushed to a registry`,
      );
  }
  const list = formatList(target.registry, manifests);
  const copies = manifests.flatMap((manifest) => {
    const from = parseReference(manifest.ref);
    return canonicalName(from) === canonicalName(target) ? [] : [planCopy(from, manifest)];
  });
  return { copies, list };
}

function planCopy(from: Reference, manifest: StoredManifest): Copy {
  const { mediaType, document, digest, ref } = manifest;
  // Files of old clients lack the bytes; most registries laid manifests out like this.
  const bytes = manifest.raw ?? Buffer.from(indentJson(document, mediaType === DOCKER_MANIFEST ? '   ' : '  '));
  const actual = digestOf(bytes);
  if (actual !== digest)
    throw new KnownError('invalid_parameter', `internal digest mismatch for ${ref}: expected ${digest}, got ${actual}`);
  const parsed = parseManifest(bytes, mediaType);
  const blobs = parsed.kind === 'manifest' ? [parsed.config, ...parsed.layers] : [];
  return { from, mediaType, bytes, blobs: blobs.filter(isDistributable) };
}

function isDistributable({ mediaType }: OciDescriptor): boolean {
  return !/\.foreign\.|\.nondistributable\./.test(mediaType);
}

/**
 * Blobs first (mounted from their repository, copied where the registry cannot mount), then manifests, then the list. Tells
 * `out` each manifest and the list's digest.
 */
export async function pushList(
  registries: ManifestRegistries,
  { reference, name }: NamedManifest,
  { copies, list }: ListPush,
  out: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const repository = await registries.repository(reference, { push: true });
  if (!repository) throw new KnownError('unavailable', `no way to push to ${reference.registry}`);
  for (const copy of copies) await copyBlobs(registries, repository, copy, name, signal);
  for (const { mediaType, bytes } of copies) {
    const digest = digestOf(bytes);
    const ref = `${canonicalName(reference)}@${digest}`;
    await put(repository, ref, digest, mediaType, bytes, signal);
    out(`Pushed ref ${ref} with digest: ${digest}\n`);
  }
  const bytes = Buffer.from(list.text);
  await put(repository, name, reference.digest ?? reference.tag ?? 'latest', list.mediaType, bytes, signal);
  out(`${digestOf(bytes)}\n`);
}

async function put(
  repository: RemoteRepository,
  ref: string,
  tagOrDigest: string,
  mediaType: string,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  const manifest = { mediaType, bytes, digest: digestOf(bytes) };
  await repository.putManifest(tagOrDigest, manifest, { signal }).catch((error: unknown) => {
    throw wrapError(error, `failed to put manifest ${ref}`);
  });
}

async function copyBlobs(
  registries: ManifestRegistries,
  repository: RemoteRepository,
  { from, blobs }: Copy,
  target: string,
  signal: AbortSignal,
): Promise<void> {
  for (const { digest, size } of blobs) {
    const read = async function* (offset: number): AsyncGenerator<Uint8Array> {
      const source = await registries.repository(from, { push: true });
      if (source) yield* source.blob({ digest, size }, { offset, signal });
    };
    await repository.pushBlob({ digest, size, mountFrom: [from.path], read, signal }).catch((error: unknown) => {
      throw wrapError(error, `failed to mount blob ${canonicalName(from)}@${digest} to ${target}`);
    });
  }
}
