import type { ImageConfig } from '../../api/types/image.ts';
import type { Digest } from '../../oci/digest.ts';

/** What the container rules need for `docker commit`. */
export interface ImageCommits {
  /**
   * Makes an image of a base and one more layer. `makeLayer` is called once with a function that keeps a plain tar.
   * Errors: invalid_parameter for a bad name or change; not_found when the base is gone.
   */
  commit(
    draft: ImageDraft,
    makeLayer: (keep: (layer: AsyncIterable<Uint8Array>) => Promise<void>) => Promise<void>,
    signal: AbortSignal,
  ): Promise<{ readonly imageId: Digest; readonly reference: string | undefined }>;
}

export interface ImageDraft {
  readonly base: { readonly mediaType: string; readonly digest: string; readonly size: number };
  readonly platform: { readonly os: string; readonly architecture: string; readonly variant?: string };
  readonly names: { readonly repository: string | undefined; readonly tag: string | undefined };
  readonly config: ImageConfig | Readonly<Record<string, unknown>>;
  /** Dockerfile instructions applied to the config. */
  readonly changes: readonly string[];
  readonly author: string;
  readonly comment: string;
  readonly createdBy: string;
}
