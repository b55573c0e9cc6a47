import type { TreeEntry } from './tree-entry.ts';

/** Files of ADD and contexts that come from elsewhere: URLs and git repositories. */
export interface RemoteSources {
  /**
   * Fetches a URL into `folder`, a file owned by root, mode 0600, with the server's Last-Modified as its time. A copy that was fetched before
   * and that the server says is still the same (ETag or Last-Modified) is taken instead. Errors: unavailable, invalid_parameter for a checksum that is not met.
   */
  fetch(url: string, folder: string, options: FetchOptions): Promise<FetchedFile>;
  /** Checks a repository out into `folder`. Errors: not_implemented without git; invalid_parameter; unavailable. */
  clone(source: GitSource, folder: string, options: { readonly signal: AbortSignal }): Promise<Checkout>;
}

export interface FetchOptions {
  readonly signal: AbortSignal;
  readonly name: string;
  /** `sha256:...`, `sha384:...`, `sha512:...`; '' takes anything. */
  readonly checksum: string;
  /** Such as `Bearer x`; undefined: none. */
  readonly authorization: string | undefined;
}

export interface FetchedFile {
  readonly entry: TreeEntry;
  /** Of the answer; '' when there was none. */
  readonly contentType: string;
}

export interface GitSource {
  readonly remote: string;
  /** Branch, tag or commit; '' is the remote's default. */
  readonly ref: string;
  /** Below which files are taken; '' is everything. */
  readonly subdir: string;
  readonly keepGitDir: boolean;
  readonly submodules: boolean;
  /** The commit, or how it begins; '' takes any. */
  readonly checksum: string;
}

export interface Checkout {
  readonly commit: string;
  /** The folder in which the files are. */
  readonly path: string;
}
