import type { ImageConfig } from '../../api/types/image.ts';
import type { ChainId, Digest } from '../../oci/digest.ts';

/** What the container rules need of images. */
export interface ImageLookup {
  /**
   * Finds an image by reference, id or id prefix, unpacked and ready. `platform` as `os/arch[/variant]`.
   * Errors: not_found `No such image: x:tag`.
   */
  resolve(reference: string, platform?: string): Promise<ResolvedImage>;
  /** While it is held nothing that was resolved is collected: until a container that needs it is on record. */
  hold(): Promise<Disposable>;
}

export interface ResolvedImage {
  /** Digest of the target manifest or index: the image's ID. */
  readonly id: Digest;
  /** The platform manifest that a container is made from. */
  readonly manifest: { readonly mediaType: string; readonly digest: Digest; readonly size: number };
  readonly platform: { readonly os: string; readonly architecture: string; readonly variant?: string };
  readonly config: ImageConfig;
  /** undefined: an image without layers. */
  readonly chain: ChainId | undefined;
}
