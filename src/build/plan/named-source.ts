import type { Platform } from '../../oci/platform.ts';

/** What a named context stands for: an image, or files. */
export type NamedSource =
  /** A reference that `ResolveImage` knows. */
  { readonly kind: 'image'; readonly reference: string } | { readonly kind: 'named'; readonly id: string };

/** The named context that takes the place of a stage or an image of that name; undefined: there is none. */
export type FindNamedSource = (name: string, platform: Platform) => NamedSource | undefined;
