import type { BlobPushed, RemoteRepository } from '../../distribution/registry-client.ts';
import { createLimit } from '../../lib/async/limit.ts';
import { assertNever } from '../../lib/errors.ts';
import type { Digest } from '../../oci/digest.ts';
import { digestHex } from '../../oci/digest.ts';
import type { ContentStore, Descriptor } from '../../store/content/content-store.ts';
import { ticker } from './pull-layers.ts';
import type { ProgressSink } from './service.ts';

interface BlobWork {
  readonly content: ContentStore;
  readonly now: () => number;
  /** Blobs sent at a time. */
  readonly parallel: number;
  readonly repository: RemoteRepository;
  /** Repositories of the registry that may have a blob. */
  readonly sources: ReadonlyMap<Digest, readonly string[]>;
}

/** Sends what the registry lacks, `parallel` at a time, told as Docker tells it. The first failure stops the rest and is thrown. */
export async function pushLayers(
  work: BlobWork,
  layers: readonly Descriptor[],
  progress: ProgressSink,
  signal: AbortSignal,
): Promise<void> {
  const tell = (descriptor: Descriptor, status: string, progressDetail: object = {}): void =>
    progress({ status, progressDetail, id: digestHex(descriptor.digest).slice(0, 12) });
  for (const layer of layers) tell(layer, 'Preparing');
  for (const layer of layers.slice(work.parallel)) tell(layer, 'Waiting');
  await all(work, layers, signal, async (layer, both) => {
    const onProgress = ticker(work.now, (current) => tell(layer, 'Pushing', { current, total: layer.size }));
    const onRetry = (seconds: number): void => tell(layer, `Retrying in ${seconds} second${seconds === 1 ? '' : 's'}`);
    tell(layer, outcome(await pushOne(work, layer, { signal: both, onProgress, onRetry })));
  });
}

/** Configs and other small blobs: nothing is told of them. */
export async function pushBlobs(work: BlobWork, blobs: readonly Descriptor[], signal: AbortSignal): Promise<void> {
  await all(work, blobs, signal, async (blob, both) => {
    await pushOne(work, blob, { signal: both });
  });
}

async function pushOne(
  { content, repository, sources }: BlobWork,
  { digest, size }: Descriptor,
  options: Pick<Parameters<RemoteRepository['pushBlob']>[0], 'signal' | 'onProgress' | 'onRetry'>,
): Promise<BlobPushed> {
  const read = async function* (offset: number): AsyncGenerator<Uint8Array> {
    yield* await content.stream(digest, offset);
  };
  return await repository.pushBlob({ digest, size, read, mountFrom: sources.get(digest) ?? [], ...options });
}

function outcome(pushed: BlobPushed): string {
  switch (pushed.kind) {
    case 'exists':
      return 'Layer already exists';
    case 'mounted':
      return `Mounted from ${pushed.from}`;
    case 'uploaded':
      return 'Pushed';
    default:
      return assertNever(pushed);
  }
}

async function all(
  { parallel }: BlobWork,
  blobs: readonly Descriptor[],
  signal: AbortSignal,
  one: (blob: Descriptor, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const limit = createLimit(parallel);
  const sent = blobs.map((blob) =>
    limit(async () => {
      both.throwIfAborted();
      await one(blob, both);
    }),
  );
  try {
    await Promise.all(sent);
  } finally {
    stop.abort();
    await Promise.allSettled(sent);
  }
}
