/** Reading json-file logs that monitors write (monitor/PROTOCOL.md, "The log"), rotated files included. */
export interface ContainerLogs {
  /**
   * Records in order, in bounded memory, as many at a time as a block of the file has. With `follow`, goes on until `stopped` resolves and all is read, or until abort; else ends at the
   * end of what is there. A missing file is an empty log; a damaged line is left out.
   */
  read(path: string, options: ReadLogOptions): AsyncIterable<readonly LogFileRecord[]>;
  /** Deletes the log and its rotated files; fine when there are none. */
  remove(path: string): void;
}

export interface ReadLogOptions {
  /** Only the last n records of what is there now. */
  readonly tail?: number;
  readonly sinceNanos?: bigint;
  readonly untilNanos?: bigint;
  /** Present: keep reading until it resolves. */
  readonly stopped?: Promise<unknown>;
  readonly signal: AbortSignal;
}

export interface LogFileRecord {
  readonly stream: 'stdout' | 'stderr';
  /** RFC 3339 with nanoseconds. */
  readonly time: string;
  readonly line: Uint8Array;
  readonly attrs?: Readonly<Record<string, string>>;
}

/** Nanoseconds since the epoch of an RFC 3339 time in UTC. */
export function toNanos(time: string): bigint {
  const [whole = '', fraction = ''] = time.replace(/Z$/, '').split('.');
  return BigInt(Date.parse(`${whole}Z`)) * 1_000_000n + BigInt(fraction.padEnd(9, '0').slice(0, 9) || '0');
}

/** One line of the file; undefined when it is damaged. */
export function parseRecord(line: string): LogFileRecord | undefined {
  try {
    const { log, stream, time, attrs } = JSON.parse(line) as Record<string, unknown>;
    if (typeof log !== 'string' || typeof time !== 'string') return undefined;
    return {
      stream: stream === 'stderr' ? 'stderr' : 'stdout',
      time,
      line: Buffer.from(log),
      ...(typeof attrs === 'object' && attrs !== null && { attrs: attrs as Record<string, string> }),
    };
  } catch {
    return undefined;
  }
}

/** What stands before and behind the text of a record, as monitors and Docker write it; attributes may come between. */
const [BEFORE, BEHIND, STREAMS, TIME] = [
  Buffer.from('{"log":"'),
  Buffer.from('","stream":"'),
  { stdout: Buffer.from('stdout","time":"'), stderr: Buffer.from('stderr","time":"') },
  /^\d{4}-\d\d-\d\dT[\d:.]+Z$/,
];
const [BACKSLASH, QUOTE, LOWER_N, NEWLINE] = [0x5c, 0x22, 0x6e, 10];

/**
 * As {@link parseRecord}, of bytes that may be changed: where the text has no escape but the line feed at its end, as most have, it is a part
 * of them.
 */
export function parseLine(line: Buffer): LogFileRecord | undefined {
  return parsePlain(line) ?? parseRecord(line.toString('utf8'));
}

/** A quote within the text would be escaped, so what stands behind it cannot be part of it. undefined: not of this simple kind. */
function parsePlain(line: Buffer): LogFileRecord | undefined {
  const end = line.indexOf(BEHIND, BEFORE.length);
  if (end === -1 || line.compare(BEFORE, 0, BEFORE.length, 0, BEFORE.length) !== 0) return undefined;
  const at = end + BEHIND.length;
  const stream = isAt(line, STREAMS.stdout, at) ? 'stdout' : isAt(line, STREAMS.stderr, at) ? 'stderr' : undefined;
  if (stream === undefined) return undefined;
  const from = at + STREAMS[stream].length;
  const last = line.length - 2;
  if (line[last] !== QUOTE || last - from > 40) return undefined;
  const time = line.toString('latin1', from, last);
  if (!TIME.test(time)) return undefined;
  const escape = line.indexOf(BACKSLASH, BEFORE.length);
  if (escape === -1 || escape > end) return { stream, time, line: line.subarray(BEFORE.length, end) };
  if (escape !== end - 2 || line[end - 1] !== LOWER_N) return undefined;
  line[escape] = NEWLINE;
  return { stream, time, line: line.subarray(BEFORE.length, end - 1) };
}

function isAt(line: Buffer, part: Buffer, at: number): boolean {
  return line.length >= at + part.length && line.compare(part, 0, part.length, at, at + part.length) === 0;
}
