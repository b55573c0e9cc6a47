import { KnownError } from '../../lib/errors.ts';
import { endBackOff } from './back-off.ts';
import type { ContainerContext } from './context.ts';
import { cannotKill } from './errors.ts';
import type { LiveContainer } from './live.ts';
import { parseSignal, SIGKILL } from './signal.ts';
import { hasProcess, isRunning } from './state.ts';
import { keepStopAsked, sendSignal, settlesWithin } from './stop.ts';

const KILL_WAIT_MS = 12_000;

/**
 * Sends a signal; for SIGKILL waits for the exit. Not under the lock. A signal that is meant to end it cancels the restart policy.
 * Errors: conflict when it does not run; invalid_parameter for an unknown signal.
 */
export async function killContainer(
  ctx: ContainerContext,
  live: LiveContainer,
  name: string,
  text: string | undefined,
): Promise<void> {
  const signal = text ? parseSignal(text) : SIGKILL;
  const { record } = live;
  if (!isRunning(record.state)) throw cannotKill(name, record.id);
  const stopSignal = record.config.StopSignal;
  if (signal === SIGKILL || !stopSignal || signal === parseSignal(stopSignal)) keepStopAsked(ctx, live);
  if (!hasProcess(record.state)) {
    const ended = await ctx.locked(record.id, async () => endBackOff(ctx, live));
    if (ended || !live.session) return;
  }
  const exited = live.exit.promise;
  const sent = await sendSignal(ctx, live, signal);
  if (signal !== SIGKILL) {
    if (!sent) throw cannotKill(name, record.id);
    return;
  }
  if (!(await settlesWithin(exited, KILL_WAIT_MS)))
    throw new KnownError(
      'system',
      `cannot kill container: ${name}: it has not ended ${KILL_WAIT_MS / 1000} s after SIGKILL`,
    );
}
