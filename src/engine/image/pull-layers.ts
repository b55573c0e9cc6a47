import type { RemoteRepository } from '../../distribution/registry-client.ts';
import { createLimit } from '../../lib/async/limit.ts';
import { digestHex } from '../../oci/digest.ts';
import type { Descriptor } from '../../store/content/content-store.ts';
import type { LayerStore } from '../../store/snapshot/layer-store.ts';
import type { ImageServiceDeps } from './deps.ts';
import type { ProgressSink } from './service.ts';

type Layers = Parameters<LayerStore['ensureUnpacked']>[0];

interface FetchDeps extends Pick<ImageServiceDeps, 'content' | 'layers' | 'now'> {
  readonly repository: RemoteRepository;
}

const PARALLEL = 3;
const TICK_MS = 100;

/**
 * Downloads what is missing, three layers at a time, and unpacks from the bottom as soon as layers are complete, so that
 * both go on together. Resolves when everything is unpacked; the first failure stops the rest and is thrown.
 */
export async function fetchLayers(
  deps: FetchDeps,
  layers: Layers,
  progress: ProgressSink,
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const downloads = startDownloads(deps, layers, progress, both);
  try {
    await unpackAsTheyCome(deps, layers, downloads, progress, both);
  } finally {
    stop.abort();
    await Promise.allSettled(downloads.map(({ done }) => done));
  }
}

interface Download {
  readonly done: Promise<void>;
  ready: boolean;
  /** It was here already; said so once, nothing more is said unless it is extracted. */
  existed: boolean;
}

function startDownloads(
  deps: FetchDeps,
  layers: Layers,
  progress: ProgressSink,
  signal: AbortSignal,
): readonly Download[] {
  const limit = createLimit(PARALLEL);
  const byDigest = new Map<string, Download>();
  return layers.map(({ descriptor }) => {
    const started = byDigest.get(descriptor.digest);
    if (started) return started;
    const done = downloadOne(deps, descriptor, progress, signal, limit).then((existed) => {
      download.ready = true;
      download.existed = existed;
    });
    const download: Download = { done, ready: false, existed: false };
    // Awaited in order later; until then a failure must not count as unhandled.
    done.catch(() => undefined);
    byDigest.set(descriptor.digest, download);
    return download;
  });
}

/** Resolves with true when the layer was here already. */
async function downloadOne(
  deps: FetchDeps,
  descriptor: Descriptor,
  progress: ProgressSink,
  signal: AbortSignal,
  limit: ReturnType<typeof createLimit>,
): Promise<boolean> {
  const id = digestHex(descriptor.digest).slice(0, 12);
  if (await deps.content.has(descriptor.digest)) {
    progress({ status: 'Already exists', progressDetail: {}, id });
    return true;
  }
  progress({ status: 'Pulling fs layer', progressDetail: {}, id });
  await limit(async () => {
    signal.throwIfAborted();
    const onRetry = (seconds: number): void =>
      progress({ status: `Retrying in ${seconds} second${seconds === 1 ? '' : 's'}`, progressDetail: {}, id });
    const source = (offset: number): AsyncIterable<Uint8Array> =>
      deps.repository.blob(descriptor, { signal, onRetry, offset });
    const onProgress = ticker(deps.now, (current) =>
      progress({ status: 'Downloading', progressDetail: { current, total: descriptor.size }, id }),
    );
    await deps.content.resume(descriptor, source, { onProgress, signal });
  });
  progress({ status: 'Verifying Checksum', progressDetail: {}, id });
  progress({ status: 'Download complete', progressDetail: {}, id });
  return false;
}

/** Passes on the first call and then one in 100 ms at most. */
export function ticker(now: () => number, tell: (bytes: number) => void): (bytes: number) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (bytes) => {
    if (now() - last < TICK_MS) return;
    last = now();
    tell(bytes);
  };
}

async function unpackAsTheyCome(
  deps: FetchDeps,
  layers: Layers,
  downloads: readonly Download[],
  progress: ProgressSink,
  signal: AbortSignal,
): Promise<void> {
  let unpacked = 0;
  while (unpacked < layers.length) {
    await Promise.race([downloads[unpacked]?.done, firstFailure(downloads)]);
    const ready = readyCount(downloads, unpacked);
    const part = layers.slice(0, ready);
    const from = unpacked;
    const told = new Set<number>();
    const onLayer = (index: number, state: 'extracting' | 'done'): void => {
      if (index < from) return;
      told.add(index);
      tellLayer(part[index]?.descriptor, state, progress);
    };
    await deps.layers.ensureUnpacked(part, { signal, onLayer });
    for (let index = from; index < ready; index++) {
      if (!told.has(index) && !downloads[index]?.existed) tellLayer(part[index]?.descriptor, 'done', progress);
    }
    unpacked = ready;
  }
}

/** How many layers from the bottom are here; at least one more than before. */
function readyCount(downloads: readonly Download[], unpacked: number): number {
  const missing = downloads.findIndex((download, index) => index > unpacked && !download.ready);
  return missing === -1 ? downloads.length : missing;
}

/** Rejects with the first failure of any download; stays pending otherwise. */
function firstFailure(downloads: readonly Download[]): Promise<void> {
  return new Promise((_resolve, reject) => {
    for (const { done } of downloads) done.catch(reject);
  });
}

function tellLayer(descriptor: Descriptor | undefined, state: 'extracting' | 'done', progress: ProgressSink): void {
  if (!descriptor) return;
  const id = digestHex(descriptor.digest).slice(0, 12);
  if (state === 'done') progress({ status: 'Pull complete', progressDetail: {}, id });
  else progress({ status: 'Extracting', progressDetail: { current: descriptor.size, total: descriptor.size }, id });
}
