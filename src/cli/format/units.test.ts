import { describe, expect, test } from 'bun:test';
import { humanDuration } from './duration.ts';
import { ellipsis } from './ellipsis.ts';
import { compactJson, indentJson } from './indent.ts';
import { formatPorts } from './ports.ts';
import { bytesSize, humanSize } from './size.ts';
import { alignTabs } from './tabwriter.ts';
import { formatNanos } from './time.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('humanDuration', () => {
  const cases: readonly (readonly [number, string])[] = [
    [450, 'Less than a second'],
    [1_500, '1 second'],
    [59_000, '59 seconds'],
    [60_000, 'About a minute'],
    [2 * MINUTE, '2 minutes'],
    [HOUR, 'About an hour'],
    [89 * MINUTE, 'About an hour'],
    [91 * MINUTE, '2 hours'],
    [47 * HOUR, '47 hours'],
    [3 * DAY, '3 days'],
    [14 * DAY, '2 weeks'],
    [60 * DAY, '2 months'],
    [23 * 30 * DAY, '23 months'],
    [730 * DAY, '2 years'],
  ];
  for (const [ms, text] of cases) test(`${ms} ms is ${text}`, () => expect(humanDuration(ms)).toBe(text));
});

describe('sizes', () => {
  const cases: readonly (readonly [number, string, string, string])[] = [
    [0, '0B', '0B', '0B'],
    [999, '999B', '999B', '999B'],
    [1_500, '1.5kB', '1.5kB', '1.465KiB'],
    [4_261_502, '4.262MB', '4.26MB', '4.064MiB'],
    [999_950, '1000kB', '1e+03kB', '976.5KiB'],
    [25_276_502_016, '25.28GB', '25.3GB', '23.54GiB'],
  ];
  for (const [bytes, four, three, binary] of cases) {
    test(`${bytes} bytes`, () =>
      expect([humanSize(bytes), humanSize(bytes, 3), bytesSize(bytes)]).toEqual([four, three, binary]));
  }
});

describe('formatPorts', () => {
  test('joins neighbours, keeps addresses apart, puts renumbered ports last', () => {
    const ports = [
      { IP: '0.0.0.0', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' },
      { IP: '::', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' },
      { PrivatePort: 444, Type: 'tcp' },
      { PrivatePort: 443, Type: 'tcp' },
      { PrivatePort: 53, Type: 'udp' },
      { IP: '127.0.0.1', PrivatePort: 9000, PublicPort: 9000, Type: 'tcp' },
      { IP: '127.0.0.1', PrivatePort: 9001, PublicPort: 9001, Type: 'tcp' },
    ] as const;
    expect(formatPorts(ports)).toBe(
      '53/udp, 443-444/tcp, 127.0.0.1:9000-9001->9000-9001/tcp, 0.0.0.0:8080->80/tcp, [::]:8080->80/tcp',
    );
  });
});

describe('alignTabs', () => {
  test('gives a column the width of its longest cell, at least ten, and none to what ends a line', () => {
    expect(alignTabs('A\tB\tC\nlonger than ten\tb\tc')).toBe(
      'A                 B         C\nlonger than ten   b         c',
    );
  });
  test('counts wide characters twice', () => {
    expect(alignTabs('née世界世\tx\nabc\ty')).toBe('née世界世   x\nabc         y');
  });
  test('starts a new column after a line without it', () => {
    expect(alignTabs('a long first cell\tx\nplain\nb\ty')).toBe('a long first cell   x\nplain\nb         y');
  });
});

describe('texts', () => {
  test('ellipsis keeps what fits and cuts to columns, not characters', () => {
    expect([ellipsis('abcdef', 6), ellipsis('abcdefg', 6), ellipsis('世界世界', 6)]).toEqual([
      'abcdef',
      'abcde…',
      '世界…',
    ]);
  });
  test('indentJson keeps numbers and texts as they are written', () => {
    expect(indentJson('[{"a":9223372036854771712,"b":[],"c":{ },"d":"x{,:}\\""}]')).toBe(
      '[\n    {\n        "a": 9223372036854771712,\n        "b": [],\n        "c": {},\n        "d": "x{,:}\\""\n    }\n]',
    );
  });
  test('compactJson takes spaces out between tokens only', () => {
    expect(compactJson('{ "a b" : [ 1, "c \\" d" ] }')).toBe('{"a b":[1,"c \\" d"]}');
  });
  test('nanoseconds keep their nine digits', () => {
    expect(formatNanos(1_795_486_526_072_000_001n)).toMatch(/^2026-11-2\dT\d\d:\d\d:26\.072000001/);
  });
});
