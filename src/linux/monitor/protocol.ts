import { KnownError } from '../../lib/errors.ts';
import type { ExitReport, MonitorSpec } from './monitor.ts';

/** Numbers of monitor/PROTOCOL.md; monitor/src/protocol.h holds the same and a test compares them. */
export const PROTOCOL = {
  PROTOCOL_VERSION: 1,
  LINE_MAX_BYTES: 255,
  LOG_RECORD_BYTES: 16 * 1024,
  FRAME_HEADER_BYTES: 8,
  CREDIT_MAX_BYTES: 2 ** 40,
} as const;

/** What the monitor says on a control connection, a line each. */
export type MonitorMessage =
  | {
      readonly kind: 'hello';
      readonly state: 'waiting' | 'running' | 'exited';
      readonly monitorPid: number;
      readonly pid: number;
      readonly startedAt: Date;
    }
  | { readonly kind: 'started'; readonly pid: number; readonly startedAt: Date }
  | { readonly kind: 'failed'; readonly runtimeStatus: number; readonly log: string }
  | { readonly kind: 'exited'; readonly report: ExitReport }
  | { readonly kind: 'released' }
  | { readonly kind: 'signal'; readonly sent: boolean }
  | { readonly kind: 'resize'; readonly done: boolean };

/** Errors: system for a line that is not of the protocol. */
export function parseMessage(line: string): MonitorMessage {
  const [word, ...rest] = line.split(' ');
  const [a = '', b = '', c = '', d = '', e = ''] = rest;
  switch (word) {
    case 'hello':
      if (Number(a) !== PROTOCOL.PROTOCOL_VERSION) throw new KnownError('system', `monitor speaks version ${a}`);
      return { kind: 'hello', state: parseState(b), monitorPid: Number(c), pid: Number(d), startedAt: parseTime(e) };
    case 'started':
      return { kind: 'started', pid: Number(a), startedAt: parseTime(b) };
    case 'failed':
      return { kind: 'failed', runtimeStatus: Number(a), log: String(JSON.parse(rest.slice(1).join(' '))) };
    case 'exited':
      return { kind: 'exited', report: toReport(Number(a), Number(b), c === '1', parseTime(d), parseTime(e)) };
    case 'released':
      return { kind: 'released' };
    case 'signal':
      return { kind: 'signal', sent: a === 'ok' };
    case 'resize':
      return { kind: 'resize', done: a === 'ok' };
    default:
      throw new KnownError('system', `monitor says: ${line.slice(0, 100)}`);
  }
}

function parseState(word: string): 'waiting' | 'running' | 'exited' {
  if (word === 'waiting' || word === 'running' || word === 'exited') return word;
  throw new KnownError('system', `monitor is in state ${word.slice(0, 100)}`);
}

/** `<seconds>.<nine digits>`; a Date holds milliseconds, which is what the API's clients compare. */
function parseTime(text: string): Date {
  const [seconds = '0', nanos = '0'] = text.split('.');
  return new Date(Number(seconds) * 1000 + Math.floor(Number(nanos) / 1e6));
}

function toReport(exitCode: number, signal: number, oomKilled: boolean, startedAt: Date, finishedAt: Date): ExitReport {
  return { exitCode, ...(signal > 0 && { signal }), oomKilled, startedAt, finishedAt };
}

/** Content of the `exit` file. Errors: data_loss when it is not one. */
export function parseExitFile(text: string): ExitReport {
  try {
    const { exitCode, signal, oomKilled, startedAt, finishedAt } = JSON.parse(text) as Record<string, unknown>;
    return toReport(
      Number(exitCode),
      Number(signal),
      oomKilled === true,
      parseTime(String(startedAt)),
      parseTime(String(finishedAt)),
    );
  } catch (error) {
    throw new KnownError('data_loss', 'exit file of a monitor is damaged', { cause: error });
  }
}

/** Command line after the program's name. */
export function toArguments(spec: MonitorSpec): readonly string[] {
  const { target, log } = spec;
  const place = target.kind === 'container' ? ['--bundle', target.bundle] : ['--process', target.processFile];
  return [
    '--dir',
    spec.dir,
    '--kind',
    target.kind,
    '--id',
    target.id,
    ...place,
    ...(spec.tty ? ['--tty'] : []),
    ...(spec.consoleSize
      ? ['--rows', String(spec.consoleSize.rows), '--columns', String(spec.consoleSize.columns)]
      : []),
    ...(spec.stdin ? ['--stdin'] : []),
    ...(spec.stdinOnce ? ['--stdin-once'] : []),
    ...(log ? ['--log', log.path, '--log-max-files', String(log.maxFiles ?? 1)] : []),
    ...(log?.maxSizeBytes === undefined ? [] : ['--log-max-size', String(log.maxSizeBytes)]),
    ...(log?.compress ? ['--log-compress'] : []),
    ...(log?.attrs === undefined ? [] : ['--log-attrs', log.attrs]),
    ...(spec.spillDir === undefined ? [] : ['--spill-dir', spec.spillDir]),
    ...(spec.oomFile === undefined ? [] : ['--oom-file', spec.oomFile]),
    '--',
    ...spec.runtime,
  ];
}

/** Letters of an attach line. */
export function attachLine(streams: {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}): string {
  const letters = `${streams.stdin ? 'i' : ''}${streams.stdout ? 'o' : ''}${streams.stderr ? 'e' : ''}` || '-';
  return `attach ${PROTOCOL.PROTOCOL_VERSION} ${letters}\n`;
}
