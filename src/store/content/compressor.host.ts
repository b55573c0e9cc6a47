import { Worker } from 'node:worker_threads';
import { inPieces } from '../../lib/async/in-pieces.ts';
import { KnownError, messageOf } from '../../lib/errors.ts';
import type { Compressor } from './compressor.ts';

const PIECE_BYTES = 1 << 20;
/** So that the thread does not wait for the next piece while a member is written. */
const AHEAD = 2;

/** A thread for each archive; it ends with it. */
export function createCompressor(): Compressor {
  return {
    async *gzip(source, { signal }) {
      const worker = new Worker(new URL('./gzip.worker.ts', import.meta.url));
      const packing: Promise<Uint8Array>[] = [];
      try {
        const pack = createPacking(worker);
        for await (const piece of inPieces(source, PIECE_BYTES)) {
          signal.throwIfAborted();
          packing.push(pack(piece));
          if (packing.length >= AHEAD) yield await takeFirst(packing);
        }
        while (packing.length > 0) yield await takeFirst(packing);
      } finally {
        await worker.terminate();
        await Promise.allSettled(packing);
      }
    },
  };
}

async function takeFirst(packing: Promise<Uint8Array>[]): Promise<Uint8Array> {
  const first = packing.shift();
  if (first === undefined) throw new KnownError('system', 'nothing is being packed');
  return await first;
}

/** Members come back in the order of their pieces. */
function createPacking(worker: Worker): (piece: Uint8Array) => Promise<Uint8Array> {
  const waiting: { readonly resolve: (member: Uint8Array) => void; readonly reject: (error: unknown) => void }[] = [];
  let failure: KnownError | undefined;
  const fail = (why: string): void => {
    failure ??= new KnownError('system', `packing: ${why}`);
    for (const { reject } of waiting.splice(0)) reject(failure);
  };
  worker.on('message', (member: Uint8Array) => waiting.shift()?.resolve(member));
  worker.on('error', (error) => fail(messageOf(error)));
  worker.on('exit', () => fail('the thread has ended'));
  return (piece) => {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    // Looked at in order; until then a failure must not count as unhandled.
    promise.catch(() => undefined);
    if (failure) reject(failure);
    else {
      waiting.push({ resolve, reject });
      worker.postMessage(piece, [piece.buffer as ArrayBuffer]);
    }
    return promise;
  };
}
