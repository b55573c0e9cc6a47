import { KnownError } from '../../lib/errors.ts';
import { formatNanos } from '../format/time.ts';
import { formatBar } from './bar.ts';
import { type ProgressMessage, readMessages } from './message.ts';

export interface ShowOptions {
  /** Bars that move rather than plain lines. */
  readonly terminal: boolean;
  /** Columns of the terminal. */
  readonly width: number;
  /** Gets what comes beside the text (ids of what was made) instead of it being dropped. */
  readonly onAux?: (aux: unknown) => void;
}

/** The columns assumed where there is no terminal. */
export const DEFAULT_WIDTH = 200;

/** Standard output as it is. */
export function outputOptions(): ShowOptions {
  const terminal = process.stdout.isTTY;
  return { terminal, width: terminal ? (process.stdout.columns ?? DEFAULT_WIDTH) : DEFAULT_WIDTH };
}

/**
 * Shows a JSON progress stream as it comes, as docker does (moby pkg/jsonmessage): on a terminal every id keeps a line that is
 * rewritten, else progress is left out and the rest are plain lines. Ends with the stream.
 * Errors: system with the message of an error in the stream, which ends it.
 */
export async function showProgress(
  body: AsyncIterable<Uint8Array>,
  out: (text: string) => void,
  options: ShowOptions,
): Promise<void> {
  const lines = new Map<string, number>();
  for await (const message of readMessages(body)) {
    if (message.aux !== undefined && message.aux !== null) options.onAux?.(message.aux);
    else out(formatMoved(message, lines, options));
    throwError(message);
  }
}

/** The message with the cursor moved to its line and back. `lines`: the line of every id, counted from the top. */
function formatMoved(message: ProgressMessage, lines: Map<string, number>, options: ShowOptions): string {
  const id = message.id ?? '';
  let [before, up] = ['', 0];
  if (id !== '' && (message.progressDetail || message.progress)) {
    if (!lines.has(id)) {
      lines.set(id, lines.size);
      before = options.terminal ? '\n' : '';
    }
    up = lines.size - (lines.get(id) ?? 0);
  } else {
    lines.clear();
  }
  const text = formatMessage(message, options);
  if (!options.terminal || up === 0) return before + text;
  return `${before}\x1b[${up}A${text}\x1b[${up}B`;
}

function formatMessage(message: ProgressMessage, { terminal, width }: ShowOptions): string {
  if (message.errorDetail || message.error) return '';
  const { status = '', stream = '', progressDetail: detail, progress = '' } = message;
  const bar = detail ? formatBar(detail, width, Date.now()) : '';
  const rewrites = terminal && stream === '' && detail !== undefined;
  if (!rewrites && bar !== '') return '';
  const end = rewrites ? '\r' : '';
  const start = (rewrites ? '\x1b[2K\r' : '') + formatOrigin(message);
  if (detail && terminal) return `${start}${status} ${bar}${end}`;
  if (progress !== '') return `${start}${status} ${progress}${end}`;
  return stream === '' ? `${start}${status}${end}\n` : `${start}${stream}${end}`;
}

function formatOrigin({ time, timeNano, id, from }: ProgressMessage): string {
  const nanos = timeNano ? BigInt(timeNano) : BigInt(time ?? 0) * 1_000_000_000n;
  return (nanos === 0n ? '' : `${formatNanos(nanos)} `) + (id ? `${id}: ` : '') + (from ? `(from ${from}) ` : '');
}

function throwError({ errorDetail, error }: ProgressMessage): void {
  if (!errorDetail && !error) return;
  if (errorDetail?.code === 401) throw new KnownError('unauthorized', 'authentication is required');
  throw new KnownError('system', errorDetail?.message ?? error ?? '');
}
