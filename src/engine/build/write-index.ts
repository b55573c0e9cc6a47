import { documentTypes } from '../../oci/layer-format.ts';
import type { Descriptor } from '../../store/content/content-store.ts';
import { annotationsFor } from './annotations.ts';
import type { BuildDeps } from './deps.ts';
import type { BuildRequest } from './service.ts';
import { type PlatformImage, writeJson } from './write-image.ts';

/** The index of the images of several platforms, and of what speaks of them (in the order given, after the images). */
export async function writeIndex(
  { content }: Pick<BuildDeps, 'content'>,
  { annotations }: Pick<BuildRequest, 'annotations'>,
  images: readonly PlatformImage[],
  { attestations, isOci }: { readonly attestations: readonly Descriptor[]; readonly isOci: boolean },
  signal: AbortSignal,
): Promise<Descriptor> {
  const manifests = images.map(({ descriptor, platform }) => {
    const own = annotationsFor(annotations, 'manifest-descriptor', platform);
    return { ...descriptor, ...(Object.keys(own).length > 0 ? { annotations: own } : {}), platform };
  });
  const own = annotationsFor(annotations, 'index', undefined);
  const { index: mediaType } = documentTypes(isOci);
  const index = {
    schemaVersion: 2,
    mediaType,
    manifests: [...manifests, ...attestations],
    ...(Object.keys(own).length > 0 ? { annotations: own } : {}),
  };
  return { mediaType, ...(await writeJson(content, index, signal)) };
}
