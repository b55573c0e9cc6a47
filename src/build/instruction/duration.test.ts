import { describe, expect, test } from 'bun:test';
import { formatDuration, parseDurationNanos } from './duration.ts';

describe('durations as Go writes them', () => {
  const pairs: readonly (readonly [string, number, string])[] = [
    ['0', 0, '0s'],
    ['30s', 30e9, '30s'],
    ['1m30s', 90e9, '1m30s'],
    ['90m', 5400e9, '1h30m0s'],
    ['500ms', 5e8, '500ms'],
    ['1.5s', 1.5e9, '1.5s'],
    ['.5h', 1800e9, '30m0s'],
    ['1500us', 1.5e6, '1.5ms'],
    ['-2s', -2e9, '-2s'],
  ];
  for (const [text, nanos, printed] of pairs) {
    test(`${text} is ${nanos} ns and prints as ${printed}`, () => {
      expect(parseDurationNanos(text)).toBe(nanos);
      expect(formatDuration(nanos)).toBe(printed);
    });
  }

  test('what is no duration is refused with its reason', () => {
    expect(() => parseDurationNanos('3')).toThrow('time: missing unit in duration "3"');
    expect(() => parseDurationNanos('3x')).toThrow('time: unknown unit "x" in duration "3x"');
    expect(() => parseDurationNanos('abc')).toThrow('time: invalid duration "abc"');
  });
});
