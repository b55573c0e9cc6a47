/** Of a layer's blob. */
export type Compression = 'none' | 'gzip' | 'zstd';

/** A layer to unpack. */
export interface UnpackRequest {
  /** Descriptor of the blob, open for reading; the daemon's to close. */
  readonly blob: number;
  readonly compression: Compression;
  /** Existing empty directory that becomes the thread's root for the while. */
  readonly target: string;
  /** Descriptor of the process's own root: the way back. */
  readonly home: number;
}

/** What it is told: a layer, how far the blob can be read, and what there is to it. */
export type UnpackMessage =
  | ({ readonly kind: 'begin' } & UnpackRequest)
  | { readonly kind: 'readable'; readonly bytes: number }
  /** There is no more than was readable. */
  | { readonly kind: 'whole' }
  /** There will be no more: give up. */
  | { readonly kind: 'cut' };

export type UnpackAnswer =
  | { readonly kind: 'applied'; readonly diffId: string; readonly sizeBytes: number }
  | { readonly kind: 'failed'; readonly message: string };

/** Compression by the first bytes (RFC 1952, RFC 8878). */
export function detectCompression(head: Uint8Array): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) return 'zstd';
  // a skippable frame before the first
  if ((head[0] ?? 0) >> 4 === 5 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18) return 'zstd';
  return 'none';
}
