import type { RestartPolicy } from '../../api/types/container.ts';
import type { StateRecord } from '../../store/record/container-records.ts';

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 60_000;
/** A run at least this long counts as a good one: the delay begins anew. */
const GOOD_RUN_MS = 10_000;

/** What to do when a container has ended. */
export type RestartDecision = { readonly kind: 'stay' } | { readonly kind: 'restart'; readonly delayMs: number };

/** `previousDelayMs` is the delay before the run that just ended, undefined when a user started it. */
export function decideRestart(end: {
  readonly policy: RestartPolicy | undefined;
  readonly exitCode: number;
  readonly restartCount: number;
  readonly manuallyStopped: boolean;
  readonly runMs: number;
  readonly previousDelayMs: number | undefined;
}): RestartDecision {
  if (end.manuallyStopped || !wantsRestart(end)) return { kind: 'stay' };
  return { kind: 'restart', delayMs: nextDelayMs(end.previousDelayMs, end.runMs) };
}

function wantsRestart({
  policy,
  exitCode,
  restartCount,
}: {
  readonly policy: RestartPolicy | undefined;
  readonly exitCode: number;
  readonly restartCount: number;
}): boolean {
  const most = policy?.MaximumRetryCount ?? 0;
  switch (policy?.Name) {
    case 'always':
    case 'unless-stopped':
      return true;
    case 'on-failure':
      return exitCode !== 0 && (most === 0 || restartCount < most);
    default:
      return false;
  }
}

function nextDelayMs(previousMs: number | undefined, runMs: number): number {
  if (previousMs === undefined || runMs >= GOOD_RUN_MS) return FIRST_DELAY_MS;
  return Math.min(previousMs * 2, LONGEST_DELAY_MS);
}

/** Whether a daemon that has just started brings back a container which does not run. */
export function startsWithDaemon(policy: RestartPolicy | undefined, state: StateRecord): boolean {
  if (state.status === 'created') return false;
  switch (policy?.Name) {
    case 'always':
      return true;
    case 'unless-stopped':
      return !state.manuallyStopped;
    case 'on-failure':
      return (
        !state.manuallyStopped && wantsRestart({ policy, exitCode: state.exitCode, restartCount: state.restartCount })
      );
    default:
      return false;
  }
}
