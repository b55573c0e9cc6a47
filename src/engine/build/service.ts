import type { Filters } from '../../api/filters.ts';
import type { HostConfig } from '../../api/types/container.ts';
import type { Platform } from '../../oci/platform.ts';
import type { RegistryAuth } from '../image/service.ts';

/** Builds images from Dockerfiles, as clients without BuildKit ask for it (`POST /build`, version 1). */
export interface BuildService {
  /**
   * Reads the whole context, then builds; what is told on the way has the texts that clients of the classic builder match on.
   * Resolves with the image's id. Cancelling ends the running step and leaves nothing but cached layers of images that are kept.
   * Errors: invalid_parameter for the Dockerfile, the context or a name; system with the failing command and its exit code.
   */
  build(request: BuildRequest, output: BuildOutput, signal: AbortSignal): Promise<string>;
  /** Forgets cached steps, see prune-cache.ts. Resolves with their ids. */
  pruneCache(options: {
    readonly all: boolean;
    readonly keepBytes: number;
    readonly filters: Filters;
  }): Promise<readonly string[]>;
  /** Removes what builds have left that a crash of the daemon cut off. Once, before the first build. */
  recover(): Promise<void>;
}

export interface BuildRequest {
  /** A tar, plain or compressed. */
  readonly context: AsyncIterable<Uint8Array>;
  /** Path of the Dockerfile in the context. */
  readonly dockerfile: string;
  /** `repository[:tag]`, any number. */
  readonly names: readonly string[];
  readonly target: string;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** Undefined: the machine's. */
  readonly platform: Platform | undefined;
  readonly noCache: boolean;
  /** Bases are pulled even when they are here. */
  readonly pull: boolean;
  /** Credentials by registry. */
  readonly auths: Readonly<Record<string, RegistryAuth>>;
  /** Limits and network of containers that run steps. */
  readonly hostConfig: HostConfig;
}

export interface BuildOutput {
  /** Text of the build, with line ends. */
  text(text: string): void;
  /** The image is there. */
  image(id: string): void;
  /** A message of a pull. */
  progress(message: Readonly<Record<string, unknown>>): void;
}
