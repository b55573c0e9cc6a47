import type { RemoteRepository } from '../../distribution/registry-client.ts';
import { createLimit, type Limit } from '../../lib/async/limit.ts';
import type { Descriptor, GrowingBlob } from '../../store/content/content-store.ts';
import type { LayerStore } from '../../store/snapshot/layer-store.ts';
import type { ImageServiceDeps } from './deps.ts';
import { createLayerNews, type LayerNews } from './layer-news.ts';
import type { ProgressSink } from './service.ts';

type Layers = Parameters<LayerStore['ensureUnpacked']>[0];

interface FetchDeps extends Pick<ImageServiceDeps, 'content' | 'layers' | 'now' | 'transfers'> {
  readonly repository: RemoteRepository;
}

const TICK_MS = 100;

/**
 * Downloads what is missing, some layers at a time, and unpacks each layer while it comes. Resolves when everything is here, verified and
 * unpacked; the first failure stops the rest and is thrown.
 */
export async function fetchLayers(
  deps: FetchDeps,
  layers: Layers,
  progress: ProgressSink,
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const news = createLayerNews(layers, progress);
  const downloads = startDownloads(deps, layers, news, both);
  for (const { done } of downloads) done.catch((error: unknown) => stop.abort(error));
  try {
    await deps.layers.ensureUnpacked(layers, {
      signal: both,
      onLayer: (index, state) => (state === 'extracting' ? news.extracting(index) : news.unpacked(index)),
      follow: async (index) => await downloads[index]?.opened,
    });
    await Promise.all(downloads.map(({ done }) => done));
    news.end();
  } catch (error) {
    throw stop.signal.aborted ? stop.signal.reason : error;
  } finally {
    stop.abort();
    await Promise.allSettled(downloads.map(({ done }) => done));
  }
}

interface Download {
  /** Settles when the layer can be read: what is there of it so far, or undefined when it is whole. */
  readonly opened: Promise<GrowingBlob | undefined>;
  readonly done: Promise<void>;
}

function startDownloads(deps: FetchDeps, layers: Layers, news: LayerNews, signal: AbortSignal): readonly Download[] {
  const limit = createLimit(deps.transfers().downloads);
  const byDigest = new Map<string, Download>();
  return layers.map(({ descriptor }) => {
    const download = byDigest.get(descriptor.digest) ?? startDownload(deps, descriptor, news, signal, limit);
    byDigest.set(descriptor.digest, download);
    return download;
  });
}

function startDownload(
  deps: FetchDeps,
  descriptor: Descriptor,
  news: LayerNews,
  signal: AbortSignal,
  limit: Limit,
): Download {
  const { promise: opened, resolve, reject } = Promise.withResolvers<GrowingBlob | undefined>();
  const done = downloadOne(deps, descriptor, news, signal, limit, resolve);
  done.then(() => resolve(undefined), reject);
  // Both are looked at in order later; until then a failure must not count as unhandled.
  opened.catch(() => undefined);
  return { opened, done };
}

async function downloadOne(
  deps: FetchDeps,
  descriptor: Descriptor,
  news: LayerNews,
  signal: AbortSignal,
  limit: Limit,
  onOpen: (blob: GrowingBlob) => void,
): Promise<void> {
  if (await deps.content.has(descriptor.digest, descriptor.size)) return news.existed(descriptor);
  news.tell(descriptor, 'Pulling fs layer');
  await limit(async () => {
    signal.throwIfAborted();
    const onRetry = (seconds: number): void =>
      news.tell(descriptor, `Retrying in ${seconds} second${seconds === 1 ? '' : 's'}`);
    const source = (offset: number): AsyncIterable<Uint8Array> =>
      deps.repository.blob(descriptor, { signal, onRetry, offset });
    const onProgress = ticker(deps.now, (current) =>
      news.tell(descriptor, 'Downloading', { current, total: descriptor.size }),
    );
    await deps.content.resume(descriptor, source, { onProgress, onOpen, signal });
  });
  news.downloaded(descriptor);
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
