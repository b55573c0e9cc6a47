import type { OverlayLayers } from '../files/view.ts';
import type { TreeEntry } from './tree-entry.ts';

/**
 * The file work of builds: contexts, copies between trees, layers of upper directories. Each piece of work runs in a thread that has mounted
 * and changed its root for it, so that no path, link or archive entry leads out of the trees it works on; the mounts are the thread's own and
 * go with it. Nothing is flushed to the disk: whoever keeps a result sees to that. Cancelling ends the thread.
 */
export interface BuildFiles {
  /**
   * Writes the contents of a plain tar's files into a new file, one behind the other, and says what the tar would make of an empty folder, folders
   * before what is in them: everything owned by root, links followed inside, attributes other than `user.*` and capabilities left out. Errors:
   * invalid_parameter for a malformed or hostile archive, or more than 2,000,000 entries.
   */
  scanContext(pack: string, archive: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<readonly TreeEntry[]>;
  /** Makes the entries of a pack in an existing empty folder. */
  unpack(folder: string, source: PackView, signal: AbortSignal): Promise<void>;
  /** Everything below the given absolute paths of a tree, and these themselves; what is not there is left out. With `hash`, contents are read. */
  index(
    tree: Exclude<TreeView, PackView>,
    paths: readonly string[],
    options: { readonly hash: boolean },
    signal: AbortSignal,
  ): Promise<readonly TreeEntry[]>;
  /** A file of a tree as text; its path has no links on the way. Errors: invalid_parameter when it is larger. */
  readText(tree: TreeView, path: string, maxBytes: number, signal: AbortSignal): Promise<string>;
  /** Copies into an overlay. Errors: invalid_parameter for a destination of the wrong kind or an unknown owner; data_loss. */
  place(target: OverlayLayers, source: TreeView, request: PlaceRequest, signal: AbortSignal): Promise<void>;
  /** Extracts a plain tar into a folder of an overlay, which is made when it is missing; links are followed inside. */
  extract(
    target: OverlayLayers,
    request: Pick<PlaceRequest, 'destination' | 'owner' | 'mode' | 'clampSeconds'>,
    archive: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<void>;
  /** Makes what is missing of a path, mode 0755, owned by a `user[:group]` of the overlay's own accounts ('' is root). */
  makeFolder(
    target: OverlayLayers,
    path: string,
    owner: string,
    clampSeconds: number | undefined,
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Writes an upper directory as an OCI layer: a tar packed by gzip, entries by path, whole seconds, numeric owners, whiteouts by their names. The same
   * directory gives the same bytes. With `clampSeconds`, later times become that one, on the disk too.
   */
  pack(request: PackRequest, signal: AbortSignal): Promise<PackedLayer>;
}

/** A tree to read. Paths are the host's. */
export type TreeView =
  | { readonly kind: 'folder'; readonly path: string }
  /** Folders of an overlay, uppermost first, at least one. */
  | { readonly kind: 'layers'; readonly lower: readonly string[] }
  | PackView;

/** A file of contents, and what is read of its tree: folders before what is in them. The rest is not there. */
export interface PackView {
  readonly kind: 'pack';
  readonly path: string;
  readonly entries: readonly TreeEntry[];
}

export interface PlaceRequest {
  readonly sources: readonly PlaceSource[];
  /** Absolute; a slash at the end makes it a folder. */
  readonly destination: string;
  /** `user[:group]`, names by the target's own accounts; '' keeps owners, folders on the way are root's. */
  readonly owner: string;
  /** Octal, or symbolic as chmod(1) has it; '' keeps modes. */
  readonly mode: string;
  /** Seconds since the epoch that no time may pass. */
  readonly clampSeconds: number | undefined;
}

/** What is copied; paths are absolute in the source tree, without links on the way. */
export type PlaceSource =
  /** A single file, called `name` when it goes into a folder. */
  | { readonly kind: 'file'; readonly path: string; readonly name: string }
  /** What is in a folder: everything, or these relative paths, folders before what is in them. */
  | { readonly kind: 'tree'; readonly path: string; readonly entries: readonly string[] | undefined }
  /** Made here, mode 0644. */
  | { readonly kind: 'text'; readonly name: string; readonly content: string };

export interface PackRequest {
  readonly upper: string;
  /** The file to write; it must not exist. */
  readonly blob: string;
  readonly clampSeconds: number | undefined;
  /** Empty files and folders that a runtime made to mount on are removed first. */
  readonly dropMountPoints: boolean;
  /** Paths that are removed too when they are empty, in this order. */
  readonly stubs?: readonly string[];
}

export interface PackedLayer {
  /** Of the blob, `sha256:...`. */
  readonly digest: string;
  /** Of the plain tar. */
  readonly diffId: string;
  /** Of the blob, in bytes. */
  readonly size: number;
  /** Bytes of file content. */
  readonly contentBytes: number;
}
