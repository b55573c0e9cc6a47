import type { FilesView, OverlayLayers } from './view.ts';

/**
 * The files of containers, for copies, exports and comparisons. Each piece of work runs in a thread of its own that has changed its root
 * (and its mount namespace) for good, so that the kernel keeps every path, link and archive entry inside, whatever a running container does
 * meanwhile. Nothing is left when it ends, however it ends. Cancelling ends the thread at its next step.
 */
export interface ContainerFiles {
  /** The path itself, not what it links to (unless it ends in `/`). Errors: not_found; system with the errno's text. */
  stat(view: FilesView, path: string, signal: AbortSignal): Promise<PathStat>;
  /** The archive of a path as `docker cp` has it: the last part of the path is the entries' root. Errors: as stat. */
  read(view: FilesView, path: string, signal: AbortSignal): Promise<ReadArchive>;
  /**
   * Extracts a plain tar into an existing folder, links on the way followed inside the view. Errors: not_found; invalid_parameter when it is no
   * folder, read-only, or the archive is malformed or leads out.
   */
  write(view: FilesView, request: WriteRequest, signal: AbortSignal): Promise<void>;
  /** Everything, as `docker export` has it: no folder around. */
  tree(view: FilesView, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** What a writable layer changes in the layers below it, in the order of paths. */
  changes(layers: OverlayLayers, signal: AbortSignal): Promise<readonly FileChange[]>;
  /** The same as an OCI layer with whiteouts. */
  layer(layers: OverlayLayers, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
}

export interface PathStat {
  readonly name: string;
  readonly sizeBytes: number;
  /** st_mode of stat(2). */
  readonly mode: number;
  readonly mtimeNanos: bigint;
  /** Where a link leads, absolute, all links followed; empty for everything else. */
  readonly linkTarget: string;
}

export interface ReadArchive {
  readonly stat: PathStat;
  readonly archive: AsyncIterable<Uint8Array>;
}

export interface WriteRequest {
  readonly path: string;
  readonly archive: AsyncIterable<Uint8Array>;
  /** A folder and something else never take each other's place. */
  readonly keepKinds: boolean;
  /** Owner of everything that is made: a `user[:group]` of the container; undefined: the archive's owners. */
  readonly owner: string | undefined;
  /** The root itself may not be written; read-only binds never may. */
  readonly readOnly: boolean;
}

export interface FileChange {
  readonly path: string;
  readonly kind: 'modified' | 'added' | 'deleted';
}
