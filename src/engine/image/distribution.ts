import type { DistributionInspect, OCIPlatform } from '../../api/types/image.ts';
import type { RemoteRepository } from '../../distribution/registry-client.ts';
import { isKind } from '../../lib/errors.ts';
import { parseImageDocument } from '../../oci/image-config.ts';
import type { ImageManifest } from '../../oci/manifest.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { isImageConfigType } from '../../oci/media-type.ts';
import { parseReference, withDefaultTag } from '../../oci/reference.ts';
import { toApiPlatform } from './api-descriptor.ts';
import type { ImageServiceDeps } from './deps.ts';
import { explained } from './pull.ts';
import type { RegistryAuth } from './service.ts';

const MAX_CONFIG_BYTES = 8 << 20;

/** Asks a registry about a reference without pulling it. Errors: unauthorized in the registry's words; else as a pull's. */
export async function distribution(
  deps: Pick<ImageServiceDeps, 'registry'>,
  text: string,
  auth: RegistryAuth | undefined,
  signal: AbortSignal,
): Promise<DistributionInspect> {
  const reference = withDefaultTag(parseReference(text));
  const repository = deps.registry.repository(reference, auth);
  const asked = repository.manifest(reference.digest ?? reference.tag ?? 'latest', { signal });
  const remote = await asked.catch(async (error: unknown) => {
    // a refusal is told as one here, which a pull does not
    if (isKind(error, 'unauthorized')) throw error;
    return await explained(reference, asked);
  });
  const parsed = parseManifest(remote.bytes, remote.mediaType);
  return {
    Descriptor: { mediaType: parsed.mediaType, digest: remote.digest, size: remote.bytes.byteLength },
    Platforms:
      parsed.kind === 'index'
        ? parsed.manifests.flatMap(({ platform }) => (platform ? [toApiPlatform(platform)] : []))
        : await configPlatform(repository, parsed, signal),
  };
}

async function configPlatform(
  repository: RemoteRepository,
  { config }: ImageManifest,
  signal: AbortSignal,
): Promise<OCIPlatform[]> {
  if (!isImageConfigType(config.mediaType) || config.size > MAX_CONFIG_BYTES) return [];
  const parts: Uint8Array[] = [];
  for await (const part of repository.blob(config, { signal })) parts.push(part);
  return [toApiPlatform(parseImageDocument(Buffer.concat(parts)).platform)];
}
