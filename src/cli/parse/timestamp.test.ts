import { expect, test } from 'bun:test';
import { parseTimestamp } from './timestamp.ts';

const NOW_MS = 1_700_000_000_500;

test.each([
  ['', ''],
  ['1136073600', '1136073600'],
  ['1136073600.000000001', '1136073600.000000001'],
  ['10m', '1699999400'],
  ['1h30m', '1699994600'],
  ['2013-01-02T13:23:37Z', '1357133017.000000000'],
  ['2013-01-02T13:23:37.5+01:00', '1357129417.500000000'],
  ['2013-01-02T13:23:37.123456789Z', '1357133017.123456789'],
  ['2013-01-02Z', '1357084800.000000000'],
])('%s', (text, expected) => {
  expect(parseTimestamp('since', text, NOW_MS)).toBe(expected);
});

test('what is neither a time nor a duration is refused', () => {
  expect(() => parseTimestamp('since', 'foo', NOW_MS)).toThrow(
    'invalid value for "since": failed to parse value as time or duration: "foo"',
  );
});
