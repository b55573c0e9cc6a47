import type { ErrorKind } from '../../lib/errors.ts';
import type { FileChange, PathStat } from './container-files.ts';
import type { FilesView, OverlayLayers } from './view.ts';

/** What a thread of {@link ContainerFiles} is told to do. `place` and `empty` are empty folders. */
export interface Work {
  readonly place: string;
  readonly empty: string;
  readonly task:
    | { readonly kind: 'stat' | 'read'; readonly view: FilesView; readonly path: string }
    | { readonly kind: 'tree'; readonly view: FilesView }
    | {
        readonly kind: 'write';
        readonly view: FilesView;
        readonly path: string;
        readonly keepKinds: boolean;
        readonly owner: string | undefined;
        readonly readOnly: boolean;
      }
    | { readonly kind: 'changes' | 'layer'; readonly layers: OverlayLayers };
}

/** To the thread: what to do, then pieces of an archive to extract, or leave to send one more piece. `cancel`: nobody waits any more. */
export type ToThread =
  | { readonly kind: 'work'; readonly work: Work }
  | { readonly kind: 'piece'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' }
  | { readonly kind: 'credit' }
  | { readonly kind: 'cancel' };

/** From the thread. `credit`: one piece has been taken in. `done` or `failed` comes last, once. */
export type FromThread =
  | { readonly kind: 'stat'; readonly stat: PathStat }
  | { readonly kind: 'piece'; readonly bytes: Uint8Array }
  | { readonly kind: 'credit' }
  | { readonly kind: 'changes'; readonly changes: readonly FileChange[] }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly error: { readonly kind: ErrorKind; readonly message: string } };

/** Pieces on their way at once, in either direction: what bounds the memory of a copy. */
export const PIECES_IN_FLIGHT = 8;
