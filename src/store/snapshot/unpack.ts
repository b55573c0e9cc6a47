/** What the unpacking thread is told, and what it answers. */
export interface UnpackRequest {
  readonly blob: string;
  readonly compression: 'none' | 'gzip' | 'zstd';
  /** Existing empty directory that becomes the thread's root. */
  readonly target: string;
}

export type UnpackAnswer =
  | { readonly kind: 'done'; readonly diffId: string; readonly sizeBytes: number }
  | { readonly kind: 'failed'; readonly message: string };

/** Compression by the first bytes (RFC 1952, RFC 8878). */
export function detectCompression(head: Uint8Array): UnpackRequest['compression'] {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) return 'zstd';
  return 'none';
}
