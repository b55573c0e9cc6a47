import { isKind, KnownError, messageOf } from '../lib/errors.ts';
import type { SendRequest } from './request.ts';

export interface BlobReaderDeps {
  readonly send: SendRequest;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

interface ReadOptions {
  readonly signal: AbortSignal;
  readonly onRetry?: (delaySeconds: number) => void;
}

/** Connections that may break without a single new byte before the download is given up. */
const FRUITLESS_BREAKS = 5;

/**
 * Reads `sizeBytes` bytes. A connection that breaks in the middle is taken up again by a Range request; a registry that does
 * not know ranges sends all again and what is known already is skipped. More bytes than promised: data_loss.
 */
export async function* readBlob(
  deps: BlobReaderDeps,
  path: string,
  sizeBytes: number,
  options: ReadOptions,
): AsyncGenerator<Uint8Array> {
  let offset = 0;
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
      if (error instanceof KnownError && !isKind(error, 'unavailable')) throw error;
      if (error instanceof KnownError && 'status' in error) throw error;
      fruitless = offset > before ? 1 : fruitless + 1;
      if (fruitless > FRUITLESS_BREAKS)
        throw new KnownError('unavailable', `download of ${path} failed: ${messageOf(error)}`, { cause: error });
      const delaySeconds = 2 ** (fruitless - 1);
      options.onRetry?.(delaySeconds);
      await deps.sleep(delaySeconds * 1000, options.signal);
    }
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
  const response = await send({ path, signal, ...(offset > 0 ? { headers: { Range: `bytes=${offset}-` } } : {}) });
  let skip = offset > 0 && response.status !== 206 ? offset : 0;
  if (response.status === 206) checkRange(response.headers.get('content-range'), offset, path);
  for await (const part of response.body ?? []) {
    const dropped = Math.min(skip, part.byteLength);
    skip -= dropped;
    if (dropped < part.byteLength) yield part.subarray(dropped);
  }
}

function checkRange(header: string | null, offset: number, path: string): void {
  const start = /^bytes (\d+)-/.exec(header ?? '')?.[1];
  if (start !== undefined && Number(start) !== offset) {
    throw new KnownError('data_loss', `the registry answered another range of ${path} than asked for`);
  }
}

function tooLong(path: string, sizeBytes: number): KnownError {
  return new KnownError('data_loss', `the registry sent more than the promised ${sizeBytes} bytes for ${path}`);
}
