import { expect, test } from 'bun:test';
import { parsePs } from './top.ts';

const TEXT = 'UID     PID CMD\nroot      1 /sbin/init x\nroot     12 sleep 1000\nroot      - -\nroot     13 sh -c  x\n';

test('rows are those of the processes and their threads, the last column has the rest of the line', () => {
  expect(parsePs(TEXT, new Set([12]))).toEqual({
    Titles: ['UID', 'PID', 'CMD'],
    Processes: [
      ['root', '12', 'sleep 1000'],
      ['root', '-', '-'],
    ],
  });
});

test('columns without a PID do not tell whose processes they are', () => {
  expect(() => parsePs('CMD\nsleep\n', new Set([12]))).toThrow("Couldn't find PID field in ps output");
});
