import { isKind, KnownError, messageOf } from '../lib/errors.ts';
import { RegistryError } from './registry-error.ts';
import type { SendRequest } from './request.ts';
import { limitWaitMs } from './request.ts';
import { brokenBody, discard } from './transport.ts';

export interface BlobReaderDeps {
  readonly send: SendRequest;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Breaks in a row that bring next to nothing before a download is given up. Default: 5, as Docker. */
  readonly attempts?: number | undefined;
}

export interface ReadOptions {
  /** First byte wanted. Default 0. */
  readonly offset?: number;
  readonly signal: AbortSignal;
  /** Told once a second while waiting for the next attempt: seconds left. */
  readonly onRetry?: (seconds: number) => void;
}

const ATTEMPTS = 5;
/** Between attempts, as Docker: longer each time. */
const PAUSE_SECONDS = 5;
/** A connection that brought so much before it broke is taken up again at once, however often. */
const WORTHWHILE_BYTES = 64 << 10;

/**
 * Reads the blob from `offset` to `sizeBytes`. A connection that breaks in the middle is taken up again by a Range request; a
 * registry that does not know ranges sends all again and what is known already is skipped. More bytes than promised: data_loss.
 */
export async function* readBlob(
  deps: BlobReaderDeps,
  path: string,
  sizeBytes: number,
  options: ReadOptions,
): AsyncGenerator<Uint8Array> {
  let offset = options.offset ?? 0;
  let fruitless = 0;
  for (;;) {
    const before = offset;
    try {
      for await (const part of readFrom(deps.send, path, offset, sizeBytes, options.signal)) {
        offset += part.byteLength;
        if (offset > sizeBytes) throw tooLong(path, sizeBytes);
        yield part;
      }
      if (offset === sizeBytes) return;
      throw new Error('unexpected EOF');
    } catch (error) {
      if (options.signal.aborted) throw new KnownError('cancelled', 'context canceled', { cause: error });
      const limitMs = limitWaitMs(error);
      if (limitMs === undefined && !mayPass(error)) throw error;
      fruitless = offset - before >= WORTHWHILE_BYTES ? 0 : fruitless + 1;
      if (fruitless > (deps.attempts ?? ATTEMPTS)) throw gaveUp(path, error);
      await pause(deps, limitMs === undefined ? fruitless * PAUSE_SECONDS : Math.ceil(limitMs / 1000), options);
    }
  }
}

/** What broke while bytes came, and failures of the registry itself; not what it decided. */
function mayPass(error: unknown): boolean {
  if (error instanceof RegistryError) return error.status >= 500;
  if (!(error instanceof KnownError)) return true;
  return isKind(error, 'unavailable') && !/certificate|HTTPS client|TLS handshake/.test(error.message);
}

function gaveUp(path: string, error: unknown): unknown {
  if (error instanceof RegistryError) return error;
  const doing = `download of ${path} failed`;
  if (!(error instanceof KnownError)) return brokenBody(error, doing);
  return new KnownError('unavailable', `${doing}: ${messageOf(error)}`, { cause: error });
}

async function pause(deps: BlobReaderDeps, total: number, { signal, onRetry }: ReadOptions): Promise<void> {
  for (let seconds = total; seconds > 0; seconds--) {
    onRetry?.(seconds);
    await deps.sleep(1000, signal);
  }
}

async function* readFrom(
  send: SendRequest,
  path: string,
  offset: number,
  sizeBytes: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  if (offset === sizeBytes && offset > 0) return;
  const range = offset > 0 ? { headers: { Range: `bytes=${offset}-` }, accept: [416] } : {};
  const response = await send({ path, signal, retried: false, ...range });
  try {
    checkSize(response, { offset, sizeBytes, path });
  } catch (error) {
    await discard(response);
    throw error;
  }
  let skip = offset > 0 && response.status !== 206 ? offset : 0;
  for await (const part of response.body ?? []) {
    const dropped = Math.min(skip, part.byteLength);
    skip -= dropped;
    if (dropped < part.byteLength) yield part.subarray(dropped);
  }
}

/** What the answer says of the whole blob must be what was promised: a blob of another size is no download that broke. */
function checkSize(
  response: Response,
  { offset, sizeBytes, path }: { readonly offset: number; readonly sizeBytes: number; readonly path: string },
): void {
  if (response.status === 416) throw wrongSize(path, `at most ${offset}`, sizeBytes);
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get('content-range') ?? '');
  if (response.status === 206 && range && Number(range[1]) !== offset)
    throw new KnownError('data_loss', `the registry answered another range of ${path} than asked for`);
  const length = response.headers.get('content-length');
  const whole = response.status === 206 ? range?.[2] : length;
  if (whole !== undefined && whole !== null && Number(whole) !== sizeBytes) throw wrongSize(path, whole, sizeBytes);
}

function wrongSize(path: string, has: string, sizeBytes: number): KnownError {
  return new KnownError('data_loss', `the registry has ${has} instead of the promised ${sizeBytes} bytes of ${path}`);
}

function tooLong(path: string, sizeBytes: number): KnownError {
  return new KnownError('data_loss', `the registry sent more than the promised ${sizeBytes} bytes for ${path}`);
}
