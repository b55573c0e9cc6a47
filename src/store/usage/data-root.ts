import type { TreeSize } from '../../lib/fs/measure-tree.ts';

/** Measures the data root on disk. */
export interface DataRoot {
  readonly path: string;
  /**
   * Every file and folder below the data root, once: what belongs to one thing (a blob, a layer, a volume, a file of a container) as a
   * whole tree, the folders above by themselves. Paths are relative, `.` for the root. A file with several names counts once.
   */
  measure(): Promise<readonly { readonly path: string; readonly size: TreeSize }[]>;
  /** What du(1) says of it, in bytes. Errors: system, with what it said on stderr. */
  du(): Promise<{ readonly apparentBytes: number; readonly diskBytes: number }>;
}
