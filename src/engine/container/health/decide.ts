import type { HealthRecord, ProbeResult, StateRecord } from '../../../store/record/container-records.ts';
import type { HealthPlan } from './health-config.ts';

/** Results that are kept. */
const LOG_ENTRIES = 5;

/**
 * The health after a probe (moby's daemon/health.go): one success makes it healthy, `retries` failures in a row unhealthy; failures of a
 * container that is still starting do not count in its start period.
 */
export function afterProbe(
  health: HealthRecord,
  result: ProbeResult,
  { retries, startPeriodMs, startedAt }: Pick<HealthPlan, 'retries' | 'startPeriodMs'> & Pick<StateRecord, 'startedAt'>,
): HealthRecord {
  const log = [...health.log, result].slice(-LOG_ENTRIES);
  if (result.exitCode === 0) return { status: 'healthy', failingStreak: 0, log };
  const sinceStartMs = Date.parse(result.start) - Date.parse(startedAt);
  if (isInStartPeriod(health.status, sinceStartMs, startPeriodMs)) return { ...health, log };
  const failingStreak = health.failingStreak + 1;
  return { status: failingStreak >= retries ? 'unhealthy' : health.status, failingStreak, log };
}

/** How long to wait for the next probe, now that the last has ended or there was none. */
export function delayBeforeProbe(status: HealthRecord['status'], sinceStartMs: number, plan: HealthPlan): number {
  return isInStartPeriod(status, sinceStartMs, plan.startPeriodMs) ? plan.startIntervalMs : plan.intervalMs;
}

/** The machine's clock may have been set back since the start. */
function isInStartPeriod(status: HealthRecord['status'], sinceStartMs: number, startPeriodMs: number): boolean {
  return status === 'starting' && Math.max(0, sinceStartMs) < startPeriodMs;
}

/** Worth a write to the disk: results that change nothing are kept in memory alone. */
export function isWorthKeeping(before: HealthRecord, after: HealthRecord): boolean {
  return before.status !== after.status || before.failingStreak !== after.failingStreak;
}

/** The part of a new run's state: starting anew; results of the last run stay until new ones push them out. */
export function healthAtStart(
  plan: HealthPlan | undefined,
  { health }: Pick<StateRecord, 'health'>,
): Pick<StateRecord, 'health'> {
  return plan ? { health: { status: 'starting', failingStreak: 0, log: health?.log ?? [] } } : {};
}

/** The part of a state in which nobody probes, after an exit or a pause: Docker calls that unhealthy. */
export function healthAtRest({ health }: Pick<StateRecord, 'health'>): Pick<StateRecord, 'health'> {
  return health ? { health: { ...health, status: 'unhealthy' } } : {};
}

/** What a probe that took too long says; `output` is what it had said by then. */
export function timeoutText(timeoutMs: number, output: string): string {
  return `Health check exceeded timeout (${formatGoDuration(timeoutMs)})${output === '' ? '' : `: ${output}`}`;
}

/** As Go prints a time.Duration: `300ms`, `1m30s`, `1.5s`. */
export function formatGoDuration(ms: number): string {
  if (ms < 1000) return `${ms}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor((ms % 3_600_000) / 60_000);
  const seconds = (ms % 60_000) / 1000;
  return `${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${seconds}s`;
}
