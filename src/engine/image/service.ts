import type { Filters } from '../../api/filters.ts';
import type {
  DistributionInspect,
  ImageDeleteResponseItem,
  ImageInspect,
  ImageSummary,
} from '../../api/types/image.ts';
import type { Platform } from '../../oci/platform.ts';

/** One object of Docker's progress stream (`{"status":..,"progressDetail":..,"id":..}`, `{"stream":..}`, `{"errorDetail":..}`). */
export type ProgressMessage = Readonly<Record<string, unknown>>;
export type ProgressSink = (message: ProgressMessage) => void;

/** Every verb of images. Unknown image: not_found `No such image: x`. */
export interface ImageService {
  /** Pulls `reference` (tag or digest; no tag: `latest`, or every tag with `allTags`). Progress as Docker sends it. Cancel stops the download when nobody else waits for it. */
  pull(
    request: {
      readonly reference: string;
      readonly platform?: string;
      readonly allTags?: boolean;
      readonly auth?: RegistryAuth;
    },
    progress: ProgressSink,
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Pushes the image called `name` (with `tag`, when given, instead of its own); no tag: every tag of the repository. An index
   * goes whole when all of it is here or in the registry, else the one platform that is here, or `platform`. Cancel stops it.
   */
  push(
    request: {
      readonly name: string;
      readonly tag?: string;
      readonly platform?: string;
      readonly auth?: RegistryAuth;
    },
    progress: ProgressSink,
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * `docker load`: docker-archive or OCI layout tar, plain or gzip/bzip2/xz/zstd compressed. `platforms`: only these are kept of
   * indexes; an image that lacks one is not_found.
   */
  load(
    archive: AsyncIterable<Uint8Array>,
    progress: ProgressSink,
    signal: AbortSignal,
    platforms?: readonly Platform[],
  ): Promise<void>;
  /** The same of a tar that an http or https server has. */
  importUrl(
    source: string,
    request: Parameters<ImageService['importTar']>[1],
    progress: ProgressSink,
    signal: AbortSignal,
  ): Promise<string>;
  /** `docker import`: one tar becomes a one-layer image. Resolves with the image id. */
  importTar(
    archive: AsyncIterable<Uint8Array>,
    request: {
      readonly repository?: string;
      readonly tag?: string;
      readonly message?: string;
      readonly changes: readonly string[];
      readonly platform?: string;
    },
    signal: AbortSignal,
  ): Promise<string>;
  /**
   * `docker save`: one tar that old docker-archive readers and OCI layout readers both understand. One of `platforms`: its
   * manifest is what has the name; several: the index with what they need.
   */
  save(
    names: readonly string[],
    signal: AbortSignal,
    platforms?: readonly Platform[],
  ): Promise<AsyncIterable<Uint8Array>>;
  /** What a registry has under a reference: digest, size and platforms. Errors: as pull. */
  distribution(reference: string, auth: RegistryAuth | undefined, signal: AbortSignal): Promise<DistributionInspect>;
  tag(name: string, repository: string, tag: string | undefined): Promise<void>;
  list(options: {
    readonly all: boolean;
    readonly digests: boolean;
    readonly sharedSize: boolean;
    readonly filters: Filters;
    /** Tells of every manifest of an image. */
    readonly manifests?: boolean;
  }): Promise<readonly ImageSummary[]>;
  /** `platform`: exactly this one, which then is what the answer speaks of. */
  inspect(
    name: string,
    options?: { readonly platform?: Platform | undefined; readonly manifests?: boolean },
  ): Promise<ImageInspect>;
  history(name: string, platform?: Platform): Promise<readonly HistoryItem[]>;
  /** `platforms`: only what is here of these goes, the image stays; needs `force`. */
  remove(
    name: string,
    options: { readonly force: boolean; readonly platforms?: readonly Platform[] },
  ): Promise<readonly ImageDeleteResponseItem[]>;
  prune(
    filters: Filters,
  ): Promise<{ readonly deleted: readonly ImageDeleteResponseItem[]; readonly reclaimedBytes: number }>;
}

export interface RegistryAuth {
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
  readonly serveraddress?: string;
}

/** Answer row of GET /images/{name}/history. */
export interface HistoryItem {
  readonly Id: string;
  readonly Created: number;
  readonly CreatedBy: string;
  readonly Tags: readonly string[] | null;
  readonly Size: number;
  readonly Comment: string;
}
