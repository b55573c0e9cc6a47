/**
 * Reading a container's log to its end and on, to hand it to somebody else, from a place that is kept. Unlike ContainerLogs it tells where
 * it is, and which place has gone.
 */
export interface LogFollower {
  /**
   * Batches of records in order, from `from` on (undefined: the oldest there is), in bounded memory: one block of the file at a time. Ends
   * when `stopped` has resolved and all is read, or when the signal is aborted. A damaged line is left out.
   */
  follow(path: string, from: LogPlace | undefined, options: FollowOptions): AsyncIterable<LogBatch>;
  /** The end of the file as it is now; undefined when there is no record in it. */
  endOf(path: string): LogPlace | undefined;
  /** Bytes in the files behind a place, uncompressed. */
  waitingBytes(path: string, from: LogPlace | undefined): Promise<number>;
  /** The place that was kept in a file; undefined when there is none or it is damaged. */
  loadPlace(file: string): LogPlace | undefined;
  /** Replaces it. It need not survive a crash of the machine: then more is read twice. Errors: system. */
  savePlace(file: string, place: LogPlace): void;
}

export interface FollowOptions {
  readonly stopped: Promise<unknown>;
  readonly signal: AbortSignal;
}

/** A place between two records. Files are renamed and compressed while it is kept: their first line tells which one it is. */
export interface LogPlace {
  readonly inode: number;
  /** SHA-256 of the file's first line, in hexadecimal. */
  readonly head: string;
  /** Of the next record, in the uncompressed file. */
  readonly offset: number;
}

export interface LogBatch {
  readonly records: readonly FollowedRecord[];
  /** Behind the last of them. */
  readonly next: LogPlace;
  /** The place before this batch was in a file that has been deleted: records between the two are lost. */
  readonly lost: boolean;
}

export interface FollowedRecord {
  readonly stream: 'stdout' | 'stderr';
  readonly seconds: number;
  readonly nanos: number;
  /** Without the line feed. */
  readonly text: string;
  /** False: the end of the line follows in another record, or never. */
  readonly isComplete: boolean;
}
