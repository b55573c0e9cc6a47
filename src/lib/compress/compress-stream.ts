import { pipeline, Readable } from 'node:stream';
import { constants, createGzip, createZstdCompress } from 'node:zlib';

/** `level`: 0 to 9 of gzip, 1 to 22 of zstd; undefined: the usual one. */
export interface CompressOptions {
  readonly kind: 'gzip' | 'zstd';
  readonly level: number | undefined;
}

/** The same bytes give the same result. Errors are those of the source. */
export function compressStream(
  source: AsyncIterable<Uint8Array>,
  { kind, level }: CompressOptions,
): AsyncIterable<Uint8Array> {
  const packer =
    kind === 'gzip'
      ? createGzip(level === undefined ? {} : { level })
      : createZstdCompress(level === undefined ? {} : { params: { [constants.ZSTD_c_compressionLevel]: level } });
  return pipeline(Readable.from(source, { objectMode: false }), packer, () => undefined);
}
