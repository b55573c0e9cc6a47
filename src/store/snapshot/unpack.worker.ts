import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parentPort } from 'node:worker_threads';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { KnownError, messageOf } from '../../lib/errors.ts';
import { createTarParser } from '../../lib/tar/parser.ts';
import { CLONE_FS, chroot, fchdir, unshare } from '../../linux/ffi/libc.host.ts';
import { applyLayer } from './apply-layer.host.ts';
import type { Compression, UnpackAnswer, UnpackMessage, UnpackRequest } from './unpack.ts';

/**
 * A thread that unpacks one layer after the other, each while its blob may still be growing. Meanwhile the layer's folder is its root, for its
 * own synchronous calls only. Decompression runs on other threads, which touch no paths.
 */
const READ_BYTES = 256 * 1024;

let readable = 0;
let state: 'growing' | 'whole' | 'cut' = 'growing';
let told = Promise.withResolvers<void>();

// Root and working directory are the thread's own from here on.
unshare(CLONE_FS);

parentPort?.on('message', (message: UnpackMessage) => {
  switch (message.kind) {
    case 'begin':
      readable = 0;
      state = 'growing';
      begin(message);
      return;
    case 'readable':
      readable = message.bytes;
      break;
    default:
      state = message.kind;
  }
  told.resolve();
  told = Promise.withResolvers();
});

function begin(request: UnpackRequest): void {
  unpack(request)
    .catch((error: unknown): UnpackAnswer => ({ kind: 'failed', message: messageOf(error) }))
    .then((outcome) => parentPort?.postMessage(outcome))
    .catch(() => process.exit(1));
}

async function unpack({ blob, target, compression, home }: UnpackRequest): Promise<UnpackAnswer> {
  const layer = applyLayer();
  try {
    chroot(target);
    const hash = createHash('sha256');
    const parser = createTarParser(layer.sink);
    const source = Readable.from(piecesOf(blob), { objectMode: false, highWaterMark: READ_BYTES });
    await pipeline(source, ...decompressor(compression), async (chunks: AsyncIterable<Uint8Array>) => {
      for await (const chunk of chunks) {
        hash.update(chunk);
        parser.write(chunk);
      }
    });
    parser.end();
    return { kind: 'applied', diffId: `sha256:${hash.digest('hex')}`, sizeBytes: layer.finish() };
  } finally {
    // What it opened is the process's, not the thread's: it would outlive it.
    layer.close();
    fchdir(home);
    chroot('.');
  }
}

/** Waits for what is still to come. */
async function* piecesOf(blob: number): AsyncGenerator<Uint8Array> {
  for (let position = 0; ; ) {
    while (position >= readable && state === 'growing') await told.promise;
    if (state === 'cut') throw new KnownError('cancelled', 'the blob was cut off');
    if (position >= readable) return;
    const piece = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, readable - position));
    const got = readSync(blob, piece, 0, piece.length, position);
    if (got === 0) throw new KnownError('data_loss', 'the blob became shorter');
    position += got;
    yield piece.subarray(0, got);
  }
}

function decompressor(compression: Compression): NodeJS.ReadWriteStream[] {
  switch (compression) {
    case 'none':
      return [];
    case 'gzip':
      return [createGunzip({ chunkSize: READ_BYTES })];
    case 'zstd':
      return [createZstdDecompress()];
  }
}
