import type { Digest } from '../../oci/digest.ts';
import type { ImageDocument } from '../../oci/image-config.ts';
import type { Platform } from '../../oci/platform.ts';

export interface BaseImage {
  /** What the reference stood for. */
  readonly digest: Digest;
  readonly document: ImageDocument;
  /** Nothing is known of the image: the document is an empty one in its place. Checks then say nothing that depends on it. */
  readonly unknown?: boolean;
}

/** Finds the image of a FROM or `--from` (full reference). Errors: not_found and whatever a registry says. */
export type ResolveImage = (
  reference: string,
  platform: Platform,
  options: { readonly signal: AbortSignal },
) => Promise<BaseImage>;
