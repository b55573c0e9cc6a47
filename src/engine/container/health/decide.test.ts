import { expect, test } from 'bun:test';
import type { HealthRecord, ProbeResult } from '../../../store/record/container-records.ts';
import {
  afterProbe,
  delayBeforeProbe,
  formatGoDuration,
  healthAtRest,
  healthAtStart,
  isWorthKeeping,
  timeoutText,
} from './decide.ts';
import type { HealthPlan } from './health-config.ts';

const PLAN: HealthPlan = {
  argv: ['true'],
  intervalMs: 30_000,
  startIntervalMs: 5000,
  timeoutMs: 30_000,
  startPeriodMs: 0,
  retries: 3,
};
const STARTED_AT = '2026-01-01T00:00:00.000Z';

/** A probe that began so long after the start and ended with that code. */
function result(exitCode: number, sinceStartMs = 60_000): ProbeResult {
  const start = new Date(Date.parse(STARTED_AT) + sinceStartMs).toISOString();
  return { start, end: start, exitCode, output: '' };
}

function health(status: HealthRecord['status'], failingStreak = 0): HealthRecord {
  return { status, failingStreak, log: [] };
}

test.each([
  ['the first success is healthy', health('starting'), result(0), {}, 'healthy', 0],
  ['a success ends a streak', health('healthy', 2), result(0), {}, 'healthy', 0],
  ['a success heals', health('unhealthy', 9), result(0), {}, 'healthy', 0],
  ['a failure below retries stays healthy', health('healthy', 1), result(1), {}, 'healthy', 2],
  ['a failure below retries stays starting', health('starting', 1), result(1), {}, 'starting', 2],
  ['the last of retries is unhealthy', health('healthy', 2), result(1), {}, 'unhealthy', 3],
  ['one retry', health('starting'), result(1), { retries: 1 }, 'unhealthy', 1],
  ['any code but 0 fails', health('healthy', 2), result(137), {}, 'unhealthy', 3],
  ['a timeout fails', health('healthy', 2), result(-1), {}, 'unhealthy', 3],
  ['the streak goes on', health('unhealthy', 3), result(1), {}, 'unhealthy', 4],
  ['no failure counts in the start period', health('starting'), result(1, 999), { startPeriodMs: 1000 }, 'starting', 0],
  ['it counts at its end', health('starting'), result(1, 1000), { startPeriodMs: 1000 }, 'starting', 1],
  ['it counts when the clock was set back', health('starting'), result(1, -9), {}, 'starting', 1],
  ['it counts when it was healthy', health('healthy', 2), result(1, 1), { startPeriodMs: 1000 }, 'unhealthy', 3],
  ['a success in the start period', health('starting'), result(0, 1), { startPeriodMs: 1000 }, 'healthy', 0],
] as const)('%s', (_title, before, found, change, status, failingStreak) => {
  expect(afterProbe(before, found, { ...PLAN, ...change, startedAt: STARTED_AT })).toEqual({
    status,
    failingStreak,
    log: [found],
  });
});

test('the last five results are kept, oldest first', () => {
  const rules = { ...PLAN, startedAt: STARTED_AT };
  const end = [1, 2, 3, 4, 5, 6, 7].reduce((now, code) => afterProbe(now, result(code), rules), health('starting'));
  expect(end.log.map(({ exitCode }) => exitCode)).toEqual([3, 4, 5, 6, 7]);
});

test.each([
  ['starting', 0, 0, 30_000],
  ['starting', -9, 0, 30_000],
  ['starting', 999, 1000, 5000],
  ['starting', 1000, 1000, 30_000],
  ['healthy', 0, 1000, 30_000],
  ['unhealthy', 0, 1000, 30_000],
] as const)('%s, %d ms after the start, start period %d ms: %d ms', (status, since, startPeriodMs, delayMs) => {
  expect(delayBeforeProbe(status, since, { ...PLAN, startPeriodMs })).toBe(delayMs);
});

test('only a change of status or streak is worth a write', () => {
  expect(isWorthKeeping(health('healthy'), { ...health('healthy'), log: [result(0)] })).toBe(false);
  expect(isWorthKeeping(health('starting'), health('healthy'))).toBe(true);
  expect(isWorthKeeping(health('unhealthy', 3), health('unhealthy', 4))).toBe(true);
});

test('a start begins anew and keeps the results; without a test there is no health', () => {
  const last = { ...health('unhealthy', 4), log: [result(1)] };
  expect(healthAtStart(PLAN, { health: last })).toEqual({ health: { ...health('starting'), log: [result(1)] } });
  expect(healthAtStart(PLAN, {})).toEqual({ health: health('starting') });
  expect(healthAtStart(undefined, {})).toEqual({});
});

test('who is not probed is unhealthy, and without a test nothing', () => {
  expect(healthAtRest({ health: health('healthy') })).toEqual({ health: health('unhealthy') });
  expect(healthAtRest({})).toEqual({});
});

test('a timeout tells its length as Go does, and what there was of output', () => {
  expect(timeoutText(30_000, '')).toBe('Health check exceeded timeout (30s)');
  expect(timeoutText(300, 'so far')).toBe('Health check exceeded timeout (300ms): so far');
  expect([1500, 60_000, 90_000, 3_600_000, 3_661_000].map(formatGoDuration)).toEqual([
    '1.5s',
    '1m0s',
    '1m30s',
    '1h0m0s',
    '1h1m1s',
  ]);
});
