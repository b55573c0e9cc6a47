import type { ContainerConfig } from '../../../api/types/container.ts';
import { invalid } from '../errors.ts';

/** How a container is probed, with Docker's defaults filled in. */
export interface HealthPlan {
  readonly argv: readonly string[];
  /** From the end of a probe to the next. */
  readonly intervalMs: number;
  /** As `intervalMs`, while starting and within the start period. */
  readonly startIntervalMs: number;
  readonly timeoutMs: number;
  /** From the container's start; failures in it do not count while the status is starting. */
  readonly startPeriodMs: number;
  /** Failures in a row that make it unhealthy. */
  readonly retries: number;
}

/** What is done with a container that is unhealthy. */
export type OnFailure = 'none' | 'kill' | 'restart' | 'stop';

/** Docker has no field for it, so it is a label. */
export const ON_FAILURE_LABEL = 'skiff.health-on-failure';
const ON_FAILURE: readonly OnFailure[] = ['none', 'kill', 'restart', 'stop'];

const MIN_NANOS = 1_000_000;
const NANOS_PER_MS = 1_000_000;
const DEFAULT_MS = { interval: 30_000, timeout: 30_000, startInterval: 5000 };
const DEFAULT_RETRIES = 3;
const DEFAULT_SHELL = ['/bin/sh', '-c'];

/** Undefined: the container is not probed (no test, or NONE). `config` is a merged one that `validateHealth` has let pass. */
export function toHealthPlan({ Healthcheck: health, Shell }: ContainerConfig): HealthPlan | undefined {
  const [kind, ...command] = health?.Test ?? [];
  if (!health || (kind !== 'CMD' && kind !== 'CMD-SHELL')) return undefined;
  const shell = Shell?.length ? Shell : DEFAULT_SHELL;
  return {
    argv: kind === 'CMD' ? command : [...shell, ...command],
    intervalMs: toMs(health.Interval) || DEFAULT_MS.interval,
    startIntervalMs: toMs(health.StartInterval) || DEFAULT_MS.startInterval,
    timeoutMs: toMs(health.Timeout) || DEFAULT_MS.timeout,
    startPeriodMs: toMs(health.StartPeriod),
    retries: health.Retries || DEFAULT_RETRIES,
  };
}

function toMs(nanos = 0): number {
  return nanos / NANOS_PER_MS;
}

export function toOnFailure({ Labels }: ContainerConfig): OnFailure {
  return ON_FAILURE.find((action) => action === Labels?.[ON_FAILURE_LABEL]) ?? 'none';
}

/** Checks the test of a merged config and the label. Errors: invalid_parameter, in Docker's words where Docker has some. */
export function validateHealth(config: ContainerConfig): void {
  validateOnFailure(config);
  const { Healthcheck: health } = config;
  if (!health) return;
  for (const key of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const) {
    const nanos = health[key] ?? 0;
    if (nanos !== 0 && nanos < MIN_NANOS) throw invalid(`${key} in Healthcheck cannot be less than 1ms`);
  }
  if ((health.Retries ?? 0) < 0) throw invalid('Retries in Healthcheck cannot be negative');
  const [kind = '', ...command] = health.Test ?? [];
  if (!['', 'NONE', 'CMD', 'CMD-SHELL'].includes(kind))
    throw invalid(`Unknown healthcheck type '${kind}' (expected 'CMD')`);
  // Docker takes it, and its daemon dies of it when the first probe is due.
  if (kind.startsWith('CMD') && !command[0]) throw invalid(`Test in Healthcheck has no command behind '${kind}'`);
}

function validateOnFailure({ Labels }: ContainerConfig): void {
  const value = Labels?.[ON_FAILURE_LABEL];
  if (value !== undefined && !ON_FAILURE.some((action) => action === value))
    throw invalid(`invalid label ${ON_FAILURE_LABEL}=${value}: use one of ${ON_FAILURE.join(', ')}`);
}
