/** One file, folder or link of a tree that COPY takes from. Plain data: it crosses from a thread. */
export interface TreeEntry {
  /** Absolute in its tree, clean, no link on the way. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'other';
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly size: number;
  /** Where a symlink leads, as it is written; '' for the rest. */
  readonly link: string;
  /** SHA-256 of a file's content in hexadecimal; '' for the rest, and where it was not asked for. */
  readonly hash: string;
  /** Extended attributes that a copy keeps, as one text; '' for none. */
  readonly xattrs: string;
  /** The first path of the same file; '' when this is it. */
  readonly sameAs: string;
  /** `uid:gid`; '' is root's, as everything of a context is. */
  readonly owner: string;
  /** Seconds since the epoch, with fraction. */
  readonly mtime: number;
  /** Where the content of a file begins in the pack of its context; 0 for the rest, and for files that lie in no pack. */
  readonly offset: number;
}
