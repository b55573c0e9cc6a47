import { isKind } from '../../lib/errors.ts';
import { formatReference, parseReference, withDefaultTag } from '../../oci/reference.ts';
import type { Descriptor } from '../../store/content/content-store.ts';
import { invalidArchive } from './errors.ts';

/** An image of an archive, its blobs written, its names canonical. */
export interface LoadedImage {
  readonly target: Descriptor;
  readonly names: readonly string[];
}

/** Errors: invalid_parameter for a malformed name. */
export function canonical(text: string): string {
  try {
    return formatReference(withDefaultTag(parseReference(text)));
  } catch (error) {
    if (isKind(error, 'invalid_parameter'))
      throw invalidArchive(`image name ${JSON.stringify(text.slice(0, 200))}: ${error.message}`);
    throw error;
  }
}
