import { KnownError } from '../../lib/errors.ts';
import type { ImageServiceDeps } from './deps.ts';
import type { ImportRequest } from './import.ts';
import { importTar, prepareImport } from './import.ts';
import { ticker } from './pull-layers.ts';
import type { ProgressSink } from './service.ts';

/**
 * `docker import URL`: fetches a tar and makes an image of it. An address without scheme is taken as http. Nothing is told before the
 * server has answered. Errors: invalid_parameter, those of Download, data_loss for an answer that ends too early.
 */
export async function importUrl(
  deps: ImageServiceDeps,
  source: string,
  request: ImportRequest,
  progress: ProgressSink,
  signal: AbortSignal,
): Promise<string> {
  const url = parseSource(source);
  prepareImport(deps, request);
  const stop = new AbortController();
  try {
    const { body, sizeBytes } = await deps.download(url, { signal: AbortSignal.any([signal, stop.signal]) });
    const secret = url.username !== '' || url.password !== '';
    const shown = secret ? withoutUser(url) : source;
    progress({ status: `Downloading from ${shown.includes('://') ? shown : `http://${shown}`}` });
    const message = request.message || `Imported from ${shown}`;
    const tell = (current: number): void =>
      progress({
        status: 'Importing',
        progressDetail: { current, ...(sizeBytes === undefined ? {} : { total: sizeBytes }) },
      });
    return await importTar(deps, counted(body, sizeBytes, deps.now, tell), { ...request, message }, signal);
  } finally {
    // Whatever was not read is not wanted.
    stop.abort();
  }
}

function parseSource(source: string): URL {
  const url = URL.parse(source.includes('://') ? source : `http://${source}`);
  if (url && (url.protocol === 'http:' || url.protocol === 'https:') && url.hostname !== '') return url;
  throw new KnownError(
    'invalid_parameter',
    `cannot import from ${JSON.stringify(source.slice(0, 200))}: not an http or https address`,
  );
}

/** What goes into the history and to whoever watches. */
function withoutUser(url: URL): string {
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  return shown.href;
}

async function* counted(
  body: AsyncIterable<Uint8Array>,
  sizeBytes: number | undefined,
  now: () => number,
  tell: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  const tick = ticker(now, tell);
  for await (const part of body) {
    bytes += part.byteLength;
    yield part;
    tick(bytes);
  }
  if (sizeBytes !== undefined && bytes !== sizeBytes)
    throw new KnownError('data_loss', `unexpected EOF: ${bytes} of ${sizeBytes} bytes came`);
  tell(bytes);
}
