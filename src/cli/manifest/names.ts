import type { Reference } from '../../oci/reference.ts';
import { formatReference, parseReference, withDefaultTag } from '../../oci/reference.ts';

/** A reference with its full form, which is its name among manifest lists. */
export interface NamedManifest {
  readonly reference: Reference;
  readonly name: string;
}

/** Errors: invalid_parameter. */
export function parseManifestName(text: string): NamedManifest {
  const reference = withDefaultTag(parseReference(text));
  return { reference, name: formatReference(reference) };
}
