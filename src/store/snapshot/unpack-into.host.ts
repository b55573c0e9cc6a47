import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Worker } from 'node:worker_threads';
import { errnoOf, KnownError, messageOf } from '../../lib/errors.ts';
import type { GrowingBlob } from '../content/content-store.ts';
import { type Compression, detectCompression, type UnpackAnswer, type UnpackMessage } from './unpack.ts';
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
  const { fd: blob, growing } = await openBlob(source);
  undo.defer(() => closeSync(blob));
  const compression = await compressionOf(blob, growing);
  const worker = threads.take();
  await using failed = new AsyncDisposableStack();
  failed.defer(async () => void (await worker.terminate()));
  const answer = answerOf(worker);
  const tell = (message: UnpackMessage): void => worker.postMessage(message);
  tell({ kind: 'begin', blob, target, compression, home: threads.home });
  let cut: { readonly reason: unknown } | undefined;
  const stop = (reason: unknown): void => {
    cut ??= { reason };
    tell({ kind: 'cut' });
  };
  const onAbort = (): void => stop(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  undo.defer(() => signal?.removeEventListener('abort', onAbort));
  if (signal?.aborted) onAbort();
  feed(tell, blob, growing).catch(stop);
  const result = await answer;
  if (result.kind === 'applied') {
    failed.move();
    threads.give(worker);
    return result;
  }
  throw cut ? cut.reason : new KnownError('invalid_parameter', `failed to register layer: ${result.message}`);
}

/** A blob that has become whole meanwhile is where the store says. */
async function openBlob({
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

async function compressionOf(fd: number, growing: GrowingBlob | undefined): Promise<Compression> {
  await growing?.more(MAGIC_BYTES - 1);
  const head = new Uint8Array(MAGIC_BYTES);
  readSync(fd, head, 0, MAGIC_BYTES, 0);
  return detectCompression(head);
}

/** A message for every chunk of the network would cost more than it gains. */
const STEP_BYTES = 1 << 20;

/** Tells the thread what it may read. Errors: what the blob's writing failed with. */
async function feed(
  tell: (message: UnpackMessage) => void,
  blob: number,
  growing: GrowingBlob | undefined,
): Promise<void> {
  let now = growing ? { bytes: 0, whole: false } : { bytes: fstatSync(blob).size, whole: true };
  while (growing && !now.whole) {
    now = await growing.more(now.bytes + STEP_BYTES);
    tell({ kind: 'readable', bytes: now.bytes });
  }
  tell({ kind: 'readable', bytes: now.bytes });
  tell({ kind: 'whole' });
}

async function answerOf(worker: Worker): Promise<UnpackAnswer> {
  const { promise, resolve } = Promise.withResolvers<UnpackAnswer>();
  const onError = (error: unknown): void => resolve({ kind: 'failed', message: messageOf(error) });
  const onExit = (): void => resolve({ kind: 'failed', message: 'the unpacking thread ended without an answer' });
  worker.on('message', resolve).on('error', onError).on('exit', onExit);
  try {
    return await promise;
  } finally {
    worker.off('message', resolve).off('error', onError).off('exit', onExit);
  }
}
