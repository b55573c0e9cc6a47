/** Reading json-file logs that monitors write (monitor/PROTOCOL.md, "The log"), rotated files included. */
export interface ContainerLogs {
  /**
   * Records in order, in bounded memory. With `follow`, goes on until `stopped` resolves and all is read, or until abort; else ends at the
   * end of what is there. A missing file is an empty log; a damaged line is left out.
   */
  read(path: string, options: ReadLogOptions): AsyncIterable<LogFileRecord>;
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
