import { endBackOff } from './back-off.ts';
import { type ContainerContext, cgroupPath, publish } from './context.ts';
import { stoppedAlready } from './errors.ts';
import type { LiveContainer } from './live.ts';
import { parseSignal, SIGKILL } from './signal.ts';
import { hasProcess, isRunning } from './state.ts';

export interface StopOptions {
  readonly signal?: string;
  readonly timeoutSeconds?: number;
  /** The daemon goes down: no user's stop, so policies bring the container back later. */
  readonly byDaemon?: boolean;
}

/**
 * Asks the process to end and kills it when it has not after the timeout (0: at once; negative: never). Not under the lock: kill must be
 * possible meanwhile. Resolves when the exit is handled. Errors: not_modified when it does not run.
 */
export async function stopContainer(ctx: ContainerContext, live: LiveContainer, options: StopOptions): Promise<void> {
  const { record } = live;
  if (!isRunning(record.state)) throw stoppedAlready();
  const signal = parseSignal(options.signal || record.config.StopSignal || 'SIGTERM');
  const seconds = options.timeoutSeconds ?? record.config.StopTimeout ?? ctx.settings.stopTimeoutSeconds;
  if (!options.byDaemon) keepStopAsked(ctx, live);
  if (!hasProcess(record.state)) {
    await ctx.locked(record.id, async () => void endBackOff(ctx, live));
    if (!live.session) return publish(ctx, live.record, 'stop');
  }
  const exited = live.exit.promise;
  await sendSignal(ctx, live, signal);
  if (seconds < 0) await exited;
  else if (!(await settlesWithin(exited, seconds * 1000))) {
    await sendSignal(ctx, live, SIGKILL);
    await exited;
  }
  publish(ctx, live.record, 'stop');
}

/** A user wants it to end: its policy does not bring it back, also when the daemon dies before the process does. */
export function keepStopAsked(ctx: ContainerContext, live: LiveContainer): void {
  live.stopAsked = true;
  const { state, hostConfig } = live.record;
  const { Name: policy = 'no' } = hostConfig.RestartPolicy ?? {};
  if (policy !== '' && policy !== 'no' && !state.manuallyStopped)
    ctx.table.settleState(live, { ...state, manuallyStopped: true });
}

/** Sends a signal and tells of it; a paused container is woken when the signal is meant to end it. False: it has ended already. */
export async function sendSignal(ctx: ContainerContext, live: LiveContainer, signal: number): Promise<boolean> {
  const { session, record } = live;
  if (!session) return false;
  const sent = await session.signal(signal);
  const ends = signal === SIGKILL || signal === parseSignal(record.config.StopSignal || 'SIGTERM');
  if (sent && ends && live.record.state.status === 'paused') await ctx.cgroups.freeze(cgroupPath(ctx, record), false);
  if (sent) publish(ctx, record, 'kill', { signal: String(signal) });
  return sent;
}

/** Whether `promise` settles before `ms` have passed. */
export async function settlesWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const timeout = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => timeout.resolve(false), Math.min(ms, 2 ** 31 - 1));
  try {
    return await Promise.race([promise.then(() => true), timeout.promise]);
  } finally {
    clearTimeout(timer);
  }
}
