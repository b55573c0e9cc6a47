/**
 * A connected stream socket as our HTTP client sees it.
 *
 * Reading stops the peer when nobody takes the bytes: at most about READ_AHEAD bytes wait in memory.
 */
export interface ByteSocket {
  /** Resolves when the kernel has taken everything. Rejects when the peer is gone. */
  write(bytes: Uint8Array): Promise<void>;
  /** The next bytes, or undefined when the peer has ended its side. Rejects on a connection error. One reader at a time. */
  read(): Promise<Uint8Array | undefined>;
  /** Puts bytes back in front of the next `read`. */
  unread(bytes: Uint8Array): void;
  /** Ends our side; the peer can still send. */
  shutdown(): void;
  /** Closes both sides at once; a waiting `read` gets undefined. */
  close(): void;
}

export const READ_AHEAD = 1024 * 1024;
