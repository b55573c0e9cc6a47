/** Folders of an overlay, uppermost first. */
export interface OverlayLayers {
  readonly lower: readonly string[];
  readonly upper: string;
  readonly work: string;
}

/** What of a container's file system a piece of work sees as `/`. All paths are the host's. */
export interface FilesView {
  readonly root:
    | { readonly kind: 'mounted'; readonly path: string }
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
}
