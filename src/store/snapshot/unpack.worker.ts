import { createHash } from 'node:crypto';
import { createReadStream, openSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { parentPort } from 'node:worker_threads';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { messageOf } from '../../lib/errors.ts';
import { createTarParser } from '../../lib/tar/parser.ts';
import { CLONE_FS, chroot, closeFd, syncfs, unshare } from '../../linux/ffi/libc.host.ts';
import { applyLayer } from './apply-layer.host.ts';
import type { UnpackAnswer, UnpackRequest } from './unpack.ts';

/**
 * A thread that unpacks one layer and ends. The blob is opened first; then the thread leaves the process's root behind, for its own
 * synchronous calls only. Decompression runs on other threads, which touch no paths.
 */
parentPort?.once('message', (request: UnpackRequest) => {
  unpack(request)
    .then((answer) => parentPort?.postMessage(answer))
    .catch((error: unknown) =>
      parentPort?.postMessage({ kind: 'failed', message: messageOf(error) } satisfies UnpackAnswer),
    );
});

async function unpack(request: UnpackRequest): Promise<UnpackAnswer> {
  const blob = openSync(request.blob, 'r');
  const source = createReadStream('', { fd: blob, highWaterMark: 256 * 1024 });
  const target = openSync(request.target, 'r');
  const layer = applyLayer();
  try {
    unshare(CLONE_FS);
    chroot(request.target);
    const hash = createHash('sha256');
    const parser = createTarParser(layer.sink);
    await pipeline(source, ...decompressor(request.compression), async (chunks: AsyncIterable<Uint8Array>) => {
      for await (const chunk of chunks) {
        hash.update(chunk);
        parser.write(chunk);
      }
    });
    parser.end();
    const sizeBytes = layer.finish();
    syncfs(target);
    return { kind: 'done', diffId: `sha256:${hash.digest('hex')}`, sizeBytes };
  } finally {
    // Descriptors are the process's, not the thread's: they would outlive it.
    layer.close();
    closeFd(target);
    source.destroy();
    if (!source.closed) await new Promise((resolve) => source.once('close', resolve));
  }
}

function decompressor(compression: UnpackRequest['compression']): NodeJS.ReadWriteStream[] {
  switch (compression) {
    case 'none':
      return [];
    case 'gzip':
      return [createGunzip({ chunkSize: 256 * 1024 })];
    case 'zstd':
      return [createZstdDecompress()];
  }
}
