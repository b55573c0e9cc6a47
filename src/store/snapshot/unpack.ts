/** Of a layer's blob. */
export type Compression = 'none' | 'gzip' | 'zstd';

/** What the thread is told: a layer, then its archive, not compressed, piece by piece. */
export type UnpackMessage =
  | {
      readonly kind: 'begin';
      /** Existing empty directory that becomes the thread's root for the while. */
      readonly target: string;
      /** Descriptor of the process's own root: the way back. */
      readonly home: number;
    }
  | { readonly kind: 'piece'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'end' }
  /** There will be no more: give up. */
  | { readonly kind: 'cut' };

/** Pieces that the thread may have before it has dealt with one. */
export const PIECES_IN_FLIGHT = 4;

/** The thread's answer when it was told to give up. */
export const CUT_OFF = 'the blob was cut off';

export type UnpackAnswer =
  | { readonly kind: 'applied'; readonly diffId: string; readonly sizeBytes: number }
  | { readonly kind: 'failed'; readonly message: string };

/** What it says: that it has dealt with a piece, and how the layer ended. */
export type UnpackReport = UnpackAnswer | { readonly kind: 'credit' };

/** Compression by the first bytes (RFC 1952, RFC 8878). */
export function detectCompression(head: Uint8Array): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) return 'zstd';
  // a skippable frame before the first
  if ((head[0] ?? 0) >> 4 === 5 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18) return 'zstd';
  return 'none';
}
