/** Packs what is kept for pushing. */
export interface Compressor {
  /** A gzip file (RFC 1952) of several members; the same bytes give the same file. Packed beside the caller's thread. Errors: the source's; cancelled. */
  gzip(source: AsyncIterable<Uint8Array>, options: { readonly signal: AbortSignal }): AsyncIterable<Uint8Array>;
}
