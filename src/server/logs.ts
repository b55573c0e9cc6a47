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
  for await (const record of records) {
    const line = formatRecord(record, timestamps, details);
    await answer.write(tty ? line : frame(record.stream === 'stderr' ? 2 : 1, line));
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

/** A frame of the multiplexed stream. */
export function frame(stream: 1 | 2, payload: Uint8Array): Uint8Array {
  const framed = Buffer.alloc(8 + payload.length);
  framed.writeUInt8(stream, 0);
  framed.writeUInt32BE(payload.length, 4);
  framed.set(payload, 8);
  return framed;
}
