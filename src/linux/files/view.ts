import type { IdMap } from '../../lib/id-map.ts';
import type { Userns } from '../mount/mounter.ts';

/** Folders of an overlay, uppermost first. */
export interface OverlayLayers {
  readonly lower: readonly string[];
  readonly upper: string;
  readonly work: string;
}

/** What of a container's file system a piece of work sees as `/`. All paths are the host's. */
export interface FilesView {
  readonly root:
    | { readonly kind: 'mounted'; readonly path: string; readonly userns?: Userns }
    /** Mounted for this work alone, in a mount namespace that ends with it. */
    | { readonly kind: 'layers'; readonly layers: OverlayLayers };
  /** Put into it before the work begins, parents first; a destination that is missing is made. */
  readonly binds: readonly ViewBind[];
}

export interface ViewBind {
  readonly source: string;
  /** What of the source; links in it do not lead out of it. */
  readonly subpath?: string;
  readonly destination: string;
  readonly readOnly: boolean;
  readonly recursive: boolean;
  /** Its numbers of users and groups are those of the inside: shown as those of the root are. */
  readonly isInside: boolean;
}

/** How numbers of users and groups look in it; undefined: as they are on the disk. */
export function mapOf({ root }: FilesView): IdMap | undefined {
  return root.kind === 'mounted' ? root.userns?.map : undefined;
}
