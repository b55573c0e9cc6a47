import type { RemoteManifest, RemoteRepository } from '../../distribution/registry-client.ts';
import { RegistryError } from '../../distribution/registry-error.ts';
import { isKind, KnownError, messageOf } from '../../lib/errors.ts';
import type { ImageManifest } from '../../oci/manifest.ts';
import { asFields, jsonFields, parseManifest } from '../../oci/manifest.ts';
import { marshalledJson } from '../format/indent.ts';
import type { NamedManifest } from './names.ts';
import type { ManifestRegistries } from './registries.host.ts';
import type { ManifestPlatform, StoredManifest } from './stored-manifest.ts';
import { digestOf, parsePlatformFields } from './stored-manifest.ts';

const MAX_CONFIG_BYTES = 8 << 20;

/** What a name stands for in a registry: an image's manifest, or the images of a list or index. */
export type RemoteDocument =
  | { readonly kind: 'manifest'; readonly manifest: StoredManifest }
  | { readonly kind: 'list'; readonly manifests: readonly StoredManifest[] };

/** Errors: not_found `no such manifest: ...`, also where reading is not allowed; those of the connection. */
export async function fetchDocument(
  registries: ManifestRegistries,
  named: NamedManifest,
  signal: AbortSignal,
): Promise<RemoteDocument> {
  const { repository, remote } = await fetchNamed(registries, named, signal);
  const parsed = parseManifest(remote.bytes, remote.mediaType);
  if (parsed.kind === 'manifest')
    return { kind: 'manifest', manifest: await describe(repository, named.name, remote, parsed, signal) };
  const entries = asFields(JSON.parse(Buffer.from(remote.bytes).toString())).get('manifests');
  const manifests: StoredManifest[] = [];
  for (const [index, { digest }] of parsed.manifests.entries()) {
    const child = await repository.manifest(digest, { signal });
    const document = parseManifest(child.bytes, child.mediaType);
    if (document.kind === 'index')
      throw new KnownError('invalid_parameter', `unsupported manifest type: ${document.mediaType}`);
    const stored = await describe(repository, `${named.name.split('@')[0]}@${digest}`, child, document, signal);
    const entry: unknown = Array.isArray(entries) ? entries[index] : undefined;
    manifests.push({ ...stored, platform: parsePlatformFields(asFields(asFields(entry).get('platform'))) });
  }
  return { kind: 'list', manifests };
}

async function fetchNamed(
  registries: ManifestRegistries,
  { reference, name }: NamedManifest,
  signal: AbortSignal,
): Promise<{ readonly repository: RemoteRepository; readonly remote: RemoteManifest }> {
  const missing = new KnownError('not_found', `no such manifest: ${name}`);
  const repository = await registries.repository(reference, { push: false });
  if (!repository) throw missing;
  try {
    const remote = await repository.manifest(reference.tag ?? reference.digest ?? 'latest', { signal });
    if (reference.digest !== undefined && reference.digest !== remote.digest)
      throw new KnownError('data_loss', `manifest verification failed for digest ${reference.digest}`);
    return { repository, remote };
  } catch (error) {
    if (isKind(error, 'unauthorized') || (error instanceof RegistryError && meansMissing(error))) throw missing;
    throw error;
  }
}

/** What docker/cli goes on after, besides a 401: these two errors of the protocol, and an answer that is none. */
function meansMissing({ code, status }: RegistryError): boolean {
  return ['MANIFEST_UNKNOWN', 'NAME_UNKNOWN', ''].includes(code) && status !== 429;
}

/** The platform of a manifest is that of its config. */
async function describe(
  repository: RemoteRepository,
  ref: string,
  { bytes, digest }: RemoteManifest,
  manifest: ImageManifest,
  signal: AbortSignal,
): Promise<StoredManifest> {
  const { mediaType } = manifest;
  const platform = await readPlatform(repository, manifest, signal);
  const document = marshalledJson(Buffer.from(bytes).toString());
  return { ref, mediaType, digest, size: bytes.byteLength, platform, raw: bytes, document };
}

async function readPlatform(
  repository: RemoteRepository,
  { config }: ImageManifest,
  signal: AbortSignal,
): Promise<ManifestPlatform> {
  if (config.size > MAX_CONFIG_BYTES)
    throw new KnownError('invalid_parameter', `image config ${config.digest} is larger than ${MAX_CONFIG_BYTES} bytes`);
  const parts: Uint8Array[] = [];
  for await (const part of repository.blob(config, { signal })) parts.push(part);
  const bytes = Buffer.concat(parts);
  if (digestOf(bytes) !== config.digest)
    throw new KnownError('data_loss', `image config verification failed for digest ${config.digest}`);
  try {
    return parsePlatformFields(jsonFields(bytes, 'image config'));
  } catch (error) {
    throw new KnownError('invalid_parameter', `image config ${config.digest}: ${messageOf(error)}`, { cause: error });
  }
}
