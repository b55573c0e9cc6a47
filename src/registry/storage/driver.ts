/**
 * Where a registry keeps its bytes: files named by `/`-separated paths without `.`, `..` or empty parts, folders that come and go
 * with their files. Every driver passes driver.suite.ts.
 *
 * Durability: when `write`, `move` or `remove` has resolved, the change survives a crash of the process and of the machine; at
 * any moment before, a crash leaves the old state or the new one and nothing between. Bytes given to `append` survive a crash
 * of the process when its promise has resolved, and one of the machine after `sync`.
 */
export interface Driver {
  /** The whole file. Errors: not_found. */
  read(path: string): Promise<Uint8Array>;
  /** Creates or replaces a file at once. */
  write(path: string, bytes: Uint8Array | string): Promise<void>;
  /** Undefined when there is no file there (a folder is not a file). */
  stat(path: string): Promise<FileInfo | undefined>;
  /** Bytes `start` up to and without `end`. Errors, at the first step: not_found. */
  stream(path: string, range?: ByteRange): AsyncIterable<Uint8Array>;
  /** Opens a file to write at its end, creating it. One appender a file at a time. */
  append(path: string): Promise<Appender>;
  /** Renames a file, replacing what is at `to`. Errors: not_found. */
  move(from: string, to: string): Promise<void>;
  /** What is in a folder, in code unit order; the names of folders end with `/`. None when there is no such folder. */
  list(path: string): Promise<readonly string[]>;
  /** Removes a file or a folder with all it holds, at once. Nothing there is no error. */
  remove(path: string): Promise<void>;
  /** The file of the machine that holds exactly these bytes, when there is one: it can be sent without passing through the program. */
  localPath?(path: string): string;
}

export interface FileInfo {
  readonly sizeBytes: number;
  /** Milliseconds since 1970. */
  readonly modifiedMs: number;
}

export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface Appender extends AsyncDisposable {
  /** Resolves when the bytes are part of the file. They may be reused then. */
  write(bytes: Uint8Array): Promise<void>;
  sync(): Promise<void>;
}
