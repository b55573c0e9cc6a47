import { closeSync, fstatSync, openSync, read, readSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import type { Worker } from 'node:worker_threads';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { errnoOf, KnownError, messageOf } from '../../lib/errors.ts';
import type { GrowingBlob } from '../content/content-store.ts';
import {
  type Compression,
  CUT_OFF,
  detectCompression,
  PIECES_IN_FLIGHT,
  type UnpackAnswer,
  type UnpackMessage,
  type UnpackReport,
} from './unpack.ts';
import type { UnpackThreads } from './unpack-threads.host.ts';

/** Where a blob is read from: a file that has all of it, or one that is followed while it grows. */
export interface BlobSource {
  /** Path of the whole blob. Errors: not_found. */
  readonly path: () => Promise<string>;
  readonly growing: GrowingBlob | undefined;
}

/**
 * Unpacks a layer into an existing empty folder, by a thread whose root is that folder meanwhile. Aborting stops between two pieces of
 * the blob. Errors: invalid_parameter for a malformed archive; what cut the blob off.
 */
export async function unpackInto(
  threads: UnpackThreads,
  target: string,
  source: BlobSource,
  signal: AbortSignal | undefined,
): Promise<{ readonly diffId: string; readonly sizeBytes: number }> {
  await using undo = new AsyncDisposableStack();
  const blob = undo.use(await openBlob(source));
  const compression = await compressionOf(blob);
  const worker = threads.take();
  await using failed = new AsyncDisposableStack();
  failed.defer(async () => void (await worker.terminate()));
  const thread = listenTo(worker);
  const over = new AbortController();
  const tell = (message: UnpackMessage, moved: ArrayBuffer[] = []): void => worker.postMessage(message, moved);
  tell({ kind: 'begin', target, home: threads.home });
  const stop = AbortSignal.any([over.signal, ...(signal ? [signal] : [])]);
  const sending = send(blob, compression, thread.room, tell, stop).catch((error: unknown) => {
    tell({ kind: 'cut' });
    return error;
  });
  const result = await thread.answer;
  over.abort();
  const problem = await sending;
  if (result.kind === 'applied') {
    failed.move();
    threads.give(worker);
    return result;
  }
  signal?.throwIfAborted();
  if (blob.failure) throw blob.failure.reason;
  const message = result.message === CUT_OFF ? messageOf(problem) : result.message;
  throw new KnownError('invalid_parameter', `failed to register layer: ${message}`);
}

interface OpenBlob extends AsyncDisposable {
  /** Its first bytes, fewer at its end. */
  head(bytes: number): Promise<Uint8Array>;
  /** From the beginning to the end. */
  pieces(): AsyncGenerator<Uint8Array<ArrayBuffer>>;
  /** Why it could not be read to its end. */
  readonly failure: { readonly reason: unknown } | undefined;
}

const readAt = promisify(read);
const READ_BYTES = 256 * 1024;
/** Asking for every chunk of the network would cost more than it gains. */
const STEP_BYTES = 1 << 20;

async function openBlob(source: BlobSource): Promise<OpenBlob> {
  const { fd, growing } = await openFile(source);
  let now = growing ? { bytes: 0, whole: false } : { bytes: fstatSync(fd).size, whole: true };
  let reading: Promise<unknown> = Promise.resolve();
  let failure: { readonly reason: unknown } | undefined;
  /** Undefined at the end. */
  const readPiece = async (position: number): Promise<Uint8Array<ArrayBuffer> | undefined> => {
    while (position >= now.bytes && growing && !now.whole) now = await growing.more(now.bytes + STEP_BYTES);
    if (position >= now.bytes) return undefined;
    const piece = new Uint8Array(Math.min(READ_BYTES, now.bytes - position));
    const read = readAt(fd, piece, 0, piece.length, position);
    reading = read.catch(() => undefined); // the descriptor is not closed beneath it
    const { bytesRead } = await read;
    if (bytesRead === 0) throw new KnownError('data_loss', 'the blob became shorter');
    return bytesRead === piece.length ? piece : piece.slice(0, bytesRead);
  };
  async function* pieces(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for (let position = 0; ; ) {
      const piece = await readPiece(position).catch((reason: unknown) => {
        failure = { reason };
        throw reason;
      });
      if (piece === undefined) return;
      position += piece.length;
      yield piece;
    }
  }
  return {
    async head(bytes) {
      await growing?.more(bytes - 1);
      const head = new Uint8Array(bytes);
      return head.subarray(0, readSync(fd, head, 0, bytes, 0));
    },
    pieces,
    get failure() {
      return failure;
    },
    async [Symbol.asyncDispose]() {
      await reading;
      closeSync(fd);
    },
  };
}

/** A blob that has become whole meanwhile is where the store says. */
async function openFile({
  path,
  growing,
}: BlobSource): Promise<{ readonly fd: number; readonly growing: GrowingBlob | undefined }> {
  try {
    if (growing) return { fd: openSync(growing.path, 'r'), growing };
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  return { fd: openSync(await path(), 'r'), growing: undefined };
}

const MAGIC_BYTES = 4;

async function compressionOf(blob: OpenBlob): Promise<Compression> {
  return detectCompression(await blob.head(MAGIC_BYTES));
}

/** Sends what is in the blob as the thread has room for it. Errors: the blob's, the decompressor's, why it was stopped. */
async function send(
  blob: OpenBlob,
  compression: Compression,
  room: (signal: AbortSignal) => Promise<void>,
  tell: (message: UnpackMessage, moved?: ArrayBuffer[]) => void,
  signal: AbortSignal,
): Promise<void> {
  const source = Readable.from(blob.pieces(), { objectMode: false, highWaterMark: READ_BYTES });
  const toThread = async (chunks: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const chunk of chunks) {
      await room(signal);
      // a chunk is a view of a buffer that others have views of
      const bytes = new Uint8Array(chunk);
      tell({ kind: 'piece', bytes }, [bytes.buffer]);
    }
  };
  await pipeline(source, ...decompressor(compression), toThread, { signal });
  tell({ kind: 'end' });
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

/** What comes from the thread: its answer, and leave to send one more piece. */
function listenTo(worker: Worker): {
  readonly answer: Promise<UnpackAnswer>;
  /** Resolves when it may have another piece. Rejects when the signal aborts. */
  readonly room: (signal: AbortSignal) => Promise<void>;
} {
  const { promise, resolve } = Promise.withResolvers<UnpackAnswer>();
  let credit = PIECES_IN_FLIGHT;
  let waiting: PromiseWithResolvers<void> | undefined;
  const onMessage = (report: UnpackReport): void => {
    if (report.kind !== 'credit') return resolve(report);
    credit++;
    waiting?.resolve();
  };
  const onError = (error: unknown): void => resolve({ kind: 'failed', message: messageOf(error) });
  const onExit = (): void => resolve({ kind: 'failed', message: 'the unpacking thread ended without an answer' });
  worker.on('message', onMessage).on('error', onError).on('exit', onExit);
  const forget = (): void => void worker.off('message', onMessage).off('error', onError).off('exit', onExit);
  return {
    answer: promise.finally(forget),
    async room(signal) {
      while (credit === 0) {
        signal.throwIfAborted();
        waiting = Promise.withResolvers<void>();
        const stop = (): void => waiting?.reject(signal.reason);
        signal.addEventListener('abort', stop, { once: true });
        await waiting.promise.finally(() => signal.removeEventListener('abort', stop));
      }
      credit--;
    },
  };
}
