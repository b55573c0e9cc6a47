import type { ContainerService, LogRecord } from '../engine/container/service.ts';
import { KnownError } from '../lib/errors.ts';
import { type Call, flag } from './route.ts';
import { parseTimeNanos } from './time.ts';

/** GET /containers/{name}/logs: raw for a terminal, else in 8-byte frames. */
export async function writeLogs(call: Call, containers: ContainerService): Promise<void> {
  const { query, signal } = call;
  const [stdout, stderr] = [flag(query, 'stdout'), flag(query, 'stderr')];
  if (!stdout && !stderr)
    throw new KnownError('invalid_parameter', 'Bad parameters: you must choose at least one stream');
  const tail = query.get('tail');
  const { tty, records } = await containers.logs(call.params['name'] ?? '', {
    follow: flag(query, 'follow'),
    stdout,
    stderr,
    signal,
    sinceNanos: parseTimeNanos(query.get('since'), 'since'),
    untilNanos: parseTimeNanos(query.get('until'), 'until'),
    ...(tail && /^\d+$/.test(tail) && { tail: Number(tail) }),
  });
  const [timestamps, details] = [flag(query, 'timestamps'), flag(query, 'details')];
  const answer = call.answerStream(
    200,
    tty ? 'application/vnd.docker.raw-stream' : 'application/vnd.docker.multiplexed-stream',
  );
  for await (const some of records) {
    const lines = some.map((record) => formatRecord(record, timestamps, details));
    await answer.write(tty ? Buffer.concat(lines) : framed(some, lines));
  }
  answer.end();
}

function formatRecord({ time, line, attrs }: LogRecord, timestamps: boolean, details: boolean): Uint8Array {
  const facts = details
    ? `${Object.entries(attrs ?? {})
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`)
        .join(',')} `
    : '';
  const prefix = `${timestamps ? `${padTime(time)} ` : ''}${facts}`;
  return prefix === '' ? line : Buffer.concat([Buffer.from(prefix), line]);
}

/** Nine digits of fraction, as Docker prints them. */
function padTime(time: string): string {
  const [, seconds = '', fraction = ''] = /^([^.Z]+)(?:\.(\d+))?Z$/.exec(time) ?? [];
  return seconds === '' ? time : `${seconds}.${fraction.padEnd(9, '0')}Z`;
}

const HEADER_BYTES = 8;

/** Frames of the multiplexed stream, one for each line. */
function framed(records: readonly LogRecord[], lines: readonly Uint8Array[]): Uint8Array {
  const bytes = Buffer.alloc(lines.reduce((sum, line) => sum + HEADER_BYTES + line.length, 0));
  let at = 0;
  for (const [index, line] of lines.entries()) {
    bytes.writeUInt8(records[index]?.stream === 'stderr' ? 2 : 1, at);
    bytes.writeUInt32BE(line.length, at + 4);
    bytes.set(line, at + HEADER_BYTES);
    at += HEADER_BYTES + line.length;
  }
  return bytes;
}
