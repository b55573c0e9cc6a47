import type { Duplex } from 'node:stream';
import type { OverlayLayers } from '../files/view.ts';

/**
 * Folders of builds below the data root, and what is mounted from them into the containers of steps.
 *
 *   <root>/<n>/context/     a build's context, while it goes on
 *   <root>/<n>/...          what it has fetched, mounts of its steps
 *   <root>/cache/<name>/    cache mounts; outlive builds and daemons
 *
 * What an earlier daemon has left but for cache mounts is unmounted and removed when this is made.
 */
export interface BuildFolders {
  /** A folder of one build; disposing unmounts everything in it, and puts it into the trash. */
  create(): BuildFolder;
  /** The folder of a cache mount, made (by `seed`, if given) when it is missing. `name` is a clean file name. */
  cacheFolder(name: string, options: CacheFolderOptions): Promise<string>;
  /** Bytes of files in a cache mount; 0 when it is gone. */
  cacheBytes(name: string): Promise<number>;
  removeCache(name: string): void;
}

export interface CacheFolderOptions {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Copies what the folder begins with into the overlay's upper directory. */
  readonly seed?: (target: OverlayLayers) => Promise<void>;
}

export interface BuildFolder extends AsyncDisposable {
  /** An empty folder. */
  make(name: string): string;
  /**
   * A path of a tree, for a bind mount: links are followed inside the tree. What is written goes to a layer that disposing drops.
   * Errors: not_found.
   */
  bind(tree: { readonly lower: readonly string[] }, path: string, options: { readonly writable: boolean }): StepMount;
  /**
   * Trees as one tar, one after the other, with the attributes that layers keep; each is mounted until the reader has come to its end or returned.
   * `mtimeSeconds`: the time of everything.
   */
  archive(
    trees: readonly ArchivedTree[],
    options: { readonly mtimeSeconds: number | undefined; readonly signal: AbortSignal },
  ): AsyncIterable<Uint8Array>;
  /**
   * Makes the folders above mount points that a file system, mounted nowhere, does not have (mode 0755, root's), as Docker's runtime would.
   * Says what is there only to mount on then: these folders and mount points that are missing, what is inside before what it is in; links are
   * followed inside the tree.
   */
  makeWay(rootfs: OverlayLayers, mountPoints: readonly string[]): readonly string[];
  /** A small file on a tmpfs of its own, never on a disk. */
  file(content: Uint8Array, owner: FileOwner): StepMount;
  /** A folder with one program of mode 0755 in it, on a tmpfs. */
  program(name: string, content: Uint8Array): StepMount;
  /** A socket that connects to an agent. */
  agent(connect: () => Duplex, owner: FileOwner): Promise<StepMount>;
}

/** Goes into a folder called `name` of the archive; '' is its root, where several trees join their folders. */
export interface ArchivedTree {
  readonly lower: readonly string[];
  readonly name: string;
  /** Put beside what is there, in place of files of their names; mode 0600. */
  readonly files: readonly { readonly name: string; readonly content: string }[];
}

export interface FileOwner {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Something to bind into a container; gone when it is disposed. */
export interface StepMount extends Disposable {
  readonly source: string;
}
