/**
 * Contents of files that clients have sent, by folder of a client, for the next build of the same folder. Names of files are only text in an index
 * here: contents lie one behind the other in one file.
 *
 *   <root>/<sha256 of the key>/pack     contents
 *   <root>/<sha256 of the key>/index    which file had which, a JSON text
 *
 * Nothing is flushed; what another run of the machine has written is not believed, and removed.
 */
export interface KeptContexts {
  /** What was kept under this key, for this build alone. While another build has it, and for '', one that is empty and not kept. */
  open(key: string): KeptContext;
  /** What is kept. */
  list(): readonly KeptSummary[];
  /** Forgets one of the list; nothing happens while a build has it. */
  remove(name: string): void;
}

export interface KeptSummary {
  readonly name: string;
  readonly bytes: number;
  readonly createdAtMs: number;
  readonly usedAtMs: number;
  readonly inUse: boolean;
}

/** Disposing keeps what `keepOnly` has named and was added or there, and removes the contents of the rest when they take most of the place. */
export interface KeptContext extends Disposable {
  /** The content that the file had when it had this stamp (times, size, inode as one text). */
  find(path: string, stamp: string): KeptFile | undefined;
  /** A file, as it comes; empty ones too. A second one with the same path takes the first one's place. */
  add(path: string, stamp: string, file: AddedFile): Promise<KeptFile>;
  /** The file that contents lie in, with all that was added before the call. It stays as it is until the context is disposed. */
  pack(): string;
  /** What is not among these paths is forgotten. */
  keepOnly(paths: ReadonlySet<string>): void;
}

export interface AddedFile {
  /** Extended attributes as one text. */
  readonly attributes: string;
  readonly content: AsyncIterable<Uint8Array>;
}

export interface KeptFile {
  /** SHA-256 in hexadecimal. */
  readonly hash: string;
  /** In bytes. */
  readonly size: number;
  readonly offset: number;
  /** Extended attributes as one text; '' for none. */
  readonly xattrs: string;
}
