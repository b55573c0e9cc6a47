import type { ErrorKind } from '../../lib/errors.ts';
import type { OverlayLayers } from '../files/view.ts';
import type { PackedLayer, PackRequest, PackView, PlaceRequest, TreeView } from './build-files.ts';
import type { TreeEntry } from './tree-entry.ts';

/** What a thread of {@link BuildFiles} is told to do, one after the other. `place` and `empty` are empty folders. */
export interface Work {
  readonly place: string;
  readonly empty: string;
  readonly task:
    | { readonly kind: 'scan'; readonly pack: string }
    | { readonly kind: 'unpack'; readonly folder: string; readonly source: PackView }
    | { readonly kind: 'text'; readonly tree: TreeView; readonly path: string; readonly maxBytes: number }
    | {
        readonly kind: 'index';
        readonly tree: Exclude<TreeView, PackView>;
        readonly paths: readonly string[];
        readonly hash: boolean;
      }
    | {
        readonly kind: 'place';
        readonly target: OverlayLayers;
        readonly source: TreeView;
        readonly request: PlaceRequest;
      }
    | {
        readonly kind: 'extract';
        readonly target: OverlayLayers;
        readonly request: Pick<PlaceRequest, 'destination' | 'owner' | 'mode' | 'clampSeconds'>;
      }
    | {
        readonly kind: 'folder';
        readonly target: OverlayLayers;
        readonly path: string;
        readonly owner: string;
        readonly clampSeconds: number | undefined;
      }
    | { readonly kind: 'pack'; readonly request: PackRequest };
}

export type ToThread =
  /** The first message: memory that is 1 while the work is to be given up. */
  | { readonly kind: 'hello'; readonly flag: SharedArrayBuffer }
  | { readonly kind: 'work'; readonly work: Work }
  /** A piece of the archive that the work takes, then its end. */
  | { readonly kind: 'piece'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' }
  /** Wakes a thread that waits for a piece of an archive that will not come. */
  | { readonly kind: 'cancel' }
  /** No more work: the thread ends itself. */
  | { readonly kind: 'close' };

/** `credit`: one piece has been taken in. `done` or `failed` comes last, once for each work. */
export type FromThread =
  | { readonly kind: 'credit' }
  | { readonly kind: 'entries'; readonly entries: readonly TreeEntry[] }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'packed'; readonly layer: PackedLayer }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly error: { readonly kind: ErrorKind; readonly message: string } };

/** Pieces on their way at once. */
export const PIECES_IN_FLIGHT = 8;
