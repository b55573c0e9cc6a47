import type { Digest } from '../../oci/digest.ts';

/** What names a blob: OCI content descriptor (image-spec descriptor.md). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: {
    readonly os: string;
    readonly architecture: string;
    readonly variant?: string;
    readonly 'os.version'?: string;
  };
  readonly artifactType?: string;
  readonly urls?: readonly string[];
}

/** A blob that is being written, for a reader that follows it. */
export interface GrowingBlob {
  /** The file while it grows. Once it is whole it is where the store says. */
  readonly path: string;
  /**
   * Waits for more than `have` bytes, or for the end. Resolves with how many are there and whether that is all. Rejects when
   * writing failed or began anew. The bytes are not verified yet.
   */
  more(have: number): Promise<{ readonly bytes: number; readonly whole: boolean }>;
}

/**
 * Blobs by digest, as an OCI image layout on disk (`blobs/sha256/<hex>`), exactly as they came. A blob is visible only when
 * complete, verified and durable.
 */
export interface ContentStore {
  /** With `size`, a blob of another size does not count: one that lost its end is to be fetched again. */
  has(digest: Digest, size?: number): Promise<boolean>;
  /** Size in bytes. Errors: not_found. */
  size(digest: Digest): Promise<number>;
  /** Path of the blob's file, for readers that want a descriptor. Errors: not_found. */
  path(digest: Digest): Promise<string>;
  /**
   * The whole blob, for manifests and configs. One that is not what its digest says (damaged on disk) is removed and counts as not there.
   * Errors: not_found; invalid_parameter when larger than `maxBytes` (default 8 MiB).
   */
  readAll(digest: Digest, maxBytes?: number): Promise<Uint8Array>;
  /** Reads the whole blob and compares. False: it is not there, or it was damaged and is removed now. */
  verify(digest: Digest): Promise<boolean>;
  /** A stream of the blob's bytes from `offset` (default 0) on. Errors: not_found. */
  stream(digest: Digest, offset?: number): Promise<AsyncIterable<Uint8Array>>;
  /**
   * Writes a blob. `expected` is checked when given: errors `data_loss` on another digest or size, nothing is kept then.
   * Writing what exists already is fine. Cancelling keeps nothing.
   */
  write(
    source: AsyncIterable<Uint8Array>,
    expected?: {
      readonly digest?: Digest;
      readonly size?: number;
      readonly onProgress?: (bytes: number) => void;
      readonly signal?: AbortSignal;
    },
  ): Promise<{ readonly digest: Digest; readonly size: number }>;
  /**
   * Takes a complete file of the same file system as a blob. Whoever wrote it has computed the digest while writing.
   */
  adopt(path: string, digest: Digest): Promise<void>;
  /**
   * Writes a blob whose source can begin at any byte. What earlier calls got before they were cut off or cancelled, by a daemon
   * that is gone too, is not asked for again. Calls for one digest go one after the other; cancelling ends one when its turn has come. Bytes that turn out wrong are
   * dropped, and asked for again once. `onOpen` is told when writing begins, so that the blob can be read meanwhile; not when it is here
   * already. Errors: data_loss for another digest or size.
   */
  resume(
    descriptor: { readonly digest: Digest; readonly size: number },
    source: (offset: number) => AsyncIterable<Uint8Array>,
    options: {
      readonly signal: AbortSignal;
      readonly onProgress?: (bytes: number) => void;
      readonly onOpen?: (blob: GrowingBlob) => void;
    },
  ): Promise<void>;
  /** Drops the beginning of a blob that `resume` left; waits for one that runs. Fine when there is none. */
  forget(digest: Digest): Promise<void>;
  /** Drops beginnings of blobs that nobody went on with since `beforeMs` (milliseconds since the epoch); resolves with their bytes. Not beside `resume`. */
  dropPartials(beforeMs: number): Promise<number>;
  /** Deletes a blob; fine when it is gone. Only the image garbage collector calls this. */
  remove(digest: Digest): Promise<void>;
  list(): AsyncIterable<{ readonly digest: Digest; readonly size: number }>;
}
