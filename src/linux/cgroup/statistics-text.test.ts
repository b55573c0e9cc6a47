import { expect, test } from 'bun:test';
import { parseBlockV1, parseBlockV2, parseKeyValues, parseLinks, parseMachine } from './statistics-text.ts';

test('counters of block devices in both versions', () => {
  const read = { major: 8, minor: 0, operation: 'Read', value: 4096 };
  expect(parseBlockV1('8:0 Read 4096\n8:0 Write 1\nTotal 4097\n')).toEqual([
    read,
    { ...read, operation: 'Write', value: 1 },
  ]);
  expect(parseBlockV2('8:0 rbytes=4096 wbytes=7 rios=2 wios=3 dbytes=0 dios=0\n', 'rios', 'wios')).toEqual([
    { ...read, operation: 'read', value: 2 },
    { ...read, operation: 'write', value: 3 },
  ]);
  expect(parseBlockV2('', 'rbytes', 'wbytes')).toEqual([]);
});

test('links but loopback, from both halves of the line', () => {
  const text =
    'Inter-|   Receive |  Transmit\n face |bytes packets\n    lo: 9 9 0 0 0 0 0 0 9 9 0 0 0 0 0 0\n  eth0: 1592 18 1 2 0 0 0 0 516 6 3 4 0 0 0 0\n';
  expect(parseLinks(text)).toEqual({
    eth0: {
      receivedBytes: 1592,
      receivedPackets: 18,
      receivedErrors: 1,
      receivedDropped: 2,
      sentBytes: 516,
      sentPackets: 6,
      sentErrors: 3,
      sentDropped: 4,
    },
  });
});

test("the machine's time is the first seven columns; guests are in user time already", () => {
  expect(parseMachine('cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 1\ncpu1 1 1\nintr 5\n', 10)).toEqual({
    cpuNanos: 280,
    cpus: 2,
  });
});

test('names and numbers', () => {
  expect(parseKeyValues('user 5\nsystem 6\n')).toEqual({ user: 5, system: 6 });
});
