import type { FilesystemChange } from '../../../api/types/container.ts';
import type { PathStat } from '../../../linux/files/container-files.ts';

/** Every verb on the files of containers. Names as for containers. The root of a stopped container is mounted for the work alone. */
export interface ContainerFilesService {
  /** Errors: not_found for the container and for the path in it. */
  stat(name: string, path: string, signal: AbortSignal): Promise<PathStat>;
  /** A tar of the path, as it comes. A stopped container cannot be started until it is read or cancelled. */
  read(
    name: string,
    path: string,
    signal: AbortSignal,
  ): Promise<{ readonly stat: PathStat; readonly archive: AsyncIterable<Uint8Array> }>;
  /** Extracts a tar (plain or gzip, bzip2, xz, zstd) into a folder. Errors: not_found; invalid_parameter; as Docker's. */
  write(name: string, request: ExtractRequest, signal: AbortSignal): Promise<void>;
  changes(name: string, signal: AbortSignal): Promise<readonly FilesystemChange[]>;
  /** A tar of everything but what is mounted into it. */
  export(name: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** Makes an image of a container; resolves with its id. Errors: not_found, invalid_parameter, conflict. */
  commit(request: CommitRequest, signal: AbortSignal): Promise<string>;
}

export interface ExtractRequest {
  readonly path: string;
  readonly archive: AsyncIterable<Uint8Array>;
  /** A folder and something else never take each other's place. */
  readonly noOverwriteDirNonDir: boolean;
  /** Everything becomes the container's user's. */
  readonly copyUidGid: boolean;
}

export interface CommitRequest {
  readonly container: string;
  readonly repository?: string;
  readonly tag?: string;
  readonly author: string;
  readonly comment: string;
  readonly pause: boolean;
  readonly changes: readonly string[];
  /** Fields of the image's config that replace the container's. */
  readonly config: Readonly<Record<string, unknown>>;
}
