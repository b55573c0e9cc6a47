import type { ContainerContext } from './context.ts';
import { invalid, logsNotReadable, logsOfRemoved } from './errors.ts';
import type { LiveContainer } from './live.ts';
import { isLogReadable, logPathOf } from './log/container-log-plan.ts';
import type { LogOptions, LogRecord } from './service.ts';
import { hasProcess } from './state.ts';

/** See ContainerService.logs. */
export function readLogs(
  ctx: ContainerContext,
  live: LiveContainer,
  options: LogOptions,
): { readonly tty: boolean; readonly records: AsyncIterable<readonly LogRecord[]> } {
  const { record } = live;
  if (!options.stdout && !options.stderr) throw invalid('Bad parameters: you must choose at least one stream');
  if (!isLogReadable(record)) throw logsNotReadable();
  if (record.state.status === 'removing' || record.state.status === 'dead') throw logsOfRemoved();
  const stopped = live.session ? live.session.exited : hasProcess(record.state) ? live.exit.promise : Promise.resolve();
  const records = ctx.logs.read(logPathOf(ctx, record), {
    ...(options.tail !== undefined && { tail: options.tail }),
    ...(options.sinceNanos !== undefined && { sinceNanos: options.sinceNanos }),
    ...(options.untilNanos !== undefined && { untilNanos: options.untilNanos }),
    ...(options.follow && { stopped }),
    signal: options.signal,
  });
  return { tty: record.config.Tty ?? false, records: choose(records, options) };
}

function choose(
  records: AsyncIterable<readonly LogRecord[]>,
  { stdout, stderr }: LogOptions,
): AsyncIterable<readonly LogRecord[]> {
  return stdout && stderr ? records : ofStream(records, stdout ? 'stdout' : 'stderr');
}

async function* ofStream(
  records: AsyncIterable<readonly LogRecord[]>,
  wanted: LogRecord['stream'],
): AsyncIterable<readonly LogRecord[]> {
  for await (const some of records) {
    const chosen = some.filter(({ stream }) => stream === wanted);
    if (chosen.length > 0) yield chosen;
  }
}
