import { expect, test } from 'bun:test';
import type { HealthConfig } from '../../../api/types/container.ts';
import { mergeConfig } from '../merge.ts';
import { toHealthPlan, toOnFailure, validateHealth } from './health-config.ts';

const check = (Healthcheck: HealthConfig, Labels = {}) => validateHealth({ Healthcheck, Labels });

test.each([
  [['CMD', 'curl', 'x'], undefined, ['curl', 'x']],
  [['CMD-SHELL', 'a && b'], undefined, ['/bin/sh', '-c', 'a && b']],
  [
    ['CMD-SHELL', 'a && b'],
    ['/bin/bash', '-ec'],
    ['/bin/bash', '-ec', 'a && b'],
  ],
  [['NONE'], undefined, undefined],
  [[], undefined, undefined],
])('%p with shell %p runs %p', (Test, Shell, argv) => {
  expect(toHealthPlan({ Healthcheck: { Test }, ...(Shell && { Shell }) })?.argv).toEqual(argv);
});

test("Docker's defaults, and nanoseconds when given", () => {
  expect(toHealthPlan({ Healthcheck: { Test: ['CMD', 'x'], Retries: 0, Interval: 0 } })).toEqual({
    argv: ['x'],
    intervalMs: 30_000,
    startIntervalMs: 5000,
    timeoutMs: 30_000,
    startPeriodMs: 0,
    retries: 3,
  });
  const given = { Interval: 1e8, StartInterval: 2e9, Timeout: 3e9, StartPeriod: 4e9, Retries: 5 };
  expect(toHealthPlan({ Healthcheck: { Test: ['CMD', 'x'], ...given } })).toMatchObject({
    intervalMs: 100,
    startIntervalMs: 2000,
    timeoutMs: 3000,
    startPeriodMs: 4000,
    retries: 5,
  });
});

test("each field is the request's or else the image's; NONE of the request drops the image's test", () => {
  const image = { Healthcheck: { Test: ['CMD', 'of-image'], Interval: 1e9, Retries: 7 } };
  const merged = (Healthcheck?: HealthConfig) =>
    toHealthPlan(mergeConfig({ Image: 'x', ...(Healthcheck && { Healthcheck }) }, image));
  expect(merged()).toMatchObject({ argv: ['of-image'], intervalMs: 1000, retries: 7 });
  expect(merged({ Interval: 2e9 })).toMatchObject({ argv: ['of-image'], intervalMs: 2000, retries: 7 });
  expect(merged({ Test: ['CMD', 'own'] })).toMatchObject({ argv: ['own'], intervalMs: 1000, retries: 7 });
  expect(merged({ Test: ['NONE'] })).toBeUndefined();
});

test.each([
  [{ Interval: 999_999 }, 'Interval in Healthcheck cannot be less than 1ms'],
  [{ Timeout: 1 }, 'Timeout in Healthcheck cannot be less than 1ms'],
  [{ StartPeriod: -1 }, 'StartPeriod in Healthcheck cannot be less than 1ms'],
  [{ StartInterval: 1 }, 'StartInterval in Healthcheck cannot be less than 1ms'],
  [{ Retries: -1 }, 'Retries in Healthcheck cannot be negative'],
  [{ Test: ['BAD', 'x'] }, "Unknown healthcheck type 'BAD' (expected 'CMD')"],
  [{ Test: ['CMD'] }, "Test in Healthcheck has no command behind 'CMD'"],
  [{ Test: ['CMD-SHELL', ''] }, "Test in Healthcheck has no command behind 'CMD-SHELL'"],
])('%p is refused', (health, text) => {
  expect(() => check(health)).toThrow(text);
});

test('what a health check may be', () => {
  for (const Test of [[], [''], ['NONE'], ['CMD', 'x'], ['CMD-SHELL', 'x']])
    expect(() => check({ Test })).not.toThrow();
  expect(() => check({ Test: ['CMD', 'x'], Interval: 1_000_000 })).not.toThrow();
});

test('the label takes what it knows and nothing else', () => {
  const labelled = (value: string) => ({ Labels: { 'skiff.health-on-failure': value } });
  expect(['none', 'kill', 'restart', 'stop'].map((value) => toOnFailure(labelled(value)))).toEqual([
    'none',
    'kill',
    'restart',
    'stop',
  ]);
  expect(toOnFailure({})).toBe('none');
  expect(() => validateHealth(labelled('explode'))).toThrow(
    'invalid label skiff.health-on-failure=explode: use one of none, kill, restart, stop',
  );
});
