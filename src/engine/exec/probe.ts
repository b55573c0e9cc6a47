import type { Clock } from '../../lib/async/clock.ts';
import { KnownError } from '../../lib/errors.ts';
import type { AttachStream } from '../container/attach-stream.ts';
import { timeoutText } from '../container/health/decide.ts';
import type { RunProbe } from '../container/health/health-checks.ts';
import { createExec } from './create.ts';
import type { ExecContext } from './exec-context.ts';
import type { LiveExec } from './exec-record.ts';
import { createOutputHead, type OutputHead } from './output-head.ts';
import { startExec } from './start.ts';

/** Docker keeps as much. */
const OUTPUT_MAX_BYTES = 4096;
/** The time a runtime may take to start the process; it does not count for the probe. */
const START_MAX_MS = 30_000;
/** For output that is still on its way when the process has ended. */
const OUTPUT_WAIT_MS = 2000;
/** For a process that was killed because nobody wants its result. */
const KILLED_WAIT_MS = 2000;

type Outcome = 'done' | 'late' | 'aborted';

/** Runs health probes as execs with bounded output. A process that takes too long is killed with its process group. */
export function createRunProbe(ctx: ExecContext, clock: Clock): RunProbe {
  return async (live, { argv, timeoutMs, signal }) => {
    const { id } = live.record;
    const exec = createExec(ctx, id, { Cmd: argv, AttachStdout: true, AttachStderr: true }, { probe: true });
    try {
      const head = createOutputHead(OUTPUT_MAX_BYTES);
      const stream = await start(ctx, exec, head, clock, signal);
      try {
        const outcome = await outcomeOf(exec.ended.promise, { timeoutMs, clock, signal });
        if (outcome === 'late') {
          await killProbe(ctx, exec);
          await outcomeOf(exec.ended.promise, { clock, signal });
        }
        if (signal.aborted) return await giveUp(ctx, exec, clock);
        if (outcome === 'late') return { exitCode: -1, output: timeoutText(timeoutMs, head.text()) };
        await outcomeOf(stream.ended, { timeoutMs: OUTPUT_WAIT_MS, clock, signal });
        return { exitCode: await exec.ended.promise, output: head.text() };
      } finally {
        stream.close();
      }
    } finally {
      ctx.execs.delete(exec.record.id);
    }
  };
}

interface ProbeStream {
  readonly ended: Promise<void>;
  close(): void;
}

async function start(
  ctx: ExecContext,
  exec: LiveExec,
  head: OutputHead,
  clock: Clock,
  signal: AbortSignal,
): Promise<ProbeStream> {
  const starting = startExec(ctx, exec, { detach: false, failsLoudly: true });
  const outcome = await outcomeOf(starting, { timeoutMs: START_MAX_MS, clock, signal });
  if (outcome === 'done') return toProbeStream(await starting, head);
  ctx.containers.tasks.spawn(`end of health check ${exec.record.id}`, async () => {
    const stream = await starting.catch(() => undefined);
    stream?.destroy();
    if (stream) await giveUp(ctx, exec, clock).catch(() => undefined);
  });
  if (outcome === 'aborted') throw cancelled();
  throw new KnownError('deadline', `timed out starting health check for container ${exec.record.containerId}`);
}

function toProbeStream(stream: AttachStream | undefined, head: OutputHead): ProbeStream {
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  if (!stream) resolve();
  stream?.on('data', (bytes: Uint8Array) => head.push(bytes));
  stream?.on('error', () => resolve());
  stream?.on('end', () => resolve());
  stream?.on('close', () => resolve());
  return { ended, close: () => void stream?.destroy() };
}

/** What comes first; `work` that fails is done. */
async function outcomeOf(
  work: Promise<unknown>,
  { timeoutMs, clock, signal }: { readonly timeoutMs?: number; readonly clock: Clock; readonly signal?: AbortSignal },
): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const onAbort = (): void => resolve('aborted');
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  const cancel = timeoutMs === undefined ? undefined : clock.after(timeoutMs, () => resolve('late'));
  const done = (): void => resolve('done');
  void work.then(done, done);
  try {
    return await promise;
  } finally {
    cancel?.();
    signal?.removeEventListener('abort', onAbort);
  }
}

/** With what it has started, as far as that is still in its process group. Fine when it has ended. */
export async function killProbe(ctx: ExecContext, { pid, session }: LiveExec): Promise<void> {
  if (!session) return;
  if (pid > 0) ctx.containers.processes.killGroup(pid, { not: session.monitorPid });
  await session.signal(9);
}

/** Kills it and stays a moment, so that a daemon that ends leaves no monitor behind. Errors: cancelled. */
async function giveUp(ctx: ExecContext, exec: LiveExec, clock: Clock): Promise<never> {
  await killProbe(ctx, exec);
  await outcomeOf(exec.ended.promise, { timeoutMs: KILLED_WAIT_MS, clock });
  throw cancelled();
}

function cancelled(): KnownError {
  return new KnownError('cancelled', 'the health check was ended');
}
