import { KnownError } from '../../lib/errors.ts';
import { DOCKER_LIST, OCI_INDEX, OCI_MANIFEST } from '../../oci/media-type.ts';
import { parseReference } from '../../oci/reference.ts';
import { indentJson, marshalledJson } from '../format/indent.ts';
import type { StoredManifest } from './stored-manifest.ts';
import { toPlatformFields } from './stored-manifest.ts';

/** A manifest list or index as it is shown and pushed. */
export interface ListDocument {
  readonly mediaType: string;
  readonly text: string;
}

/**
 * The list of `manifests` for the registry `registry`, byte for byte as docker/distribution lays it out: an OCI index when the
 * first of them is an OCI manifest. Errors: invalid_parameter for one of another registry.
 */
export function formatList(registry: string, manifests: readonly StoredManifest[]): ListDocument {
  const mediaType = manifests[0]?.mediaType === OCI_MANIFEST ? OCI_INDEX : DOCKER_LIST;
  const entries = manifests.map((manifest) => {
    const own = parseReference(manifest.ref).registry;
    if (own !== registry) {
      const problem = `cannot use source images from a different registry than the target image: ${own} != ${registry}`;
      throw new KnownError('invalid_parameter', problem);
    }
    const { digest, size, platform } = manifest;
    return {
      mediaType: manifest.mediaType,
      size,
      digest,
      platform: toPlatformFields(platform ?? { architecture: '', os: '' }),
    };
  });
  const text = marshalledJson(JSON.stringify({ schemaVersion: 2, mediaType, manifests: entries }));
  return { mediaType, text: indentJson(text, '   ') };
}
