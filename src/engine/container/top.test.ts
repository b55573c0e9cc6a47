import { expect, test } from 'bun:test';
import { asksForColumns } from './ps-arguments.ts';
import { parsePs } from './top.ts';

test.each([
  ['-ef', false],
  ['aux', false],
  ['-o cmd', true],
  ['-ocmd', true],
  ['o cmd', true],
  ['axo pid,cmd', true],
  ['-eo cmd', true],
  ['--format cmd', true],
  ['--format=cmd', true],
  ['--sort foo', false],
  ['--sort -o', false],
  ['-C ocmd', false],
  ['eUocmd', false],
  ['-u root -f', false],
  ['-u root -o cmd', true],
])('ps %s chooses its columns: %p', (args, expected) => {
  expect(asksForColumns(args.split(' '))).toBe(expected);
});

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

test('a PID that nobody asked for is taken away again', () => {
  expect(parsePs('  PID CMD\n   12 sleep 1000\n   13 x\n', new Set([12]), true)).toEqual({
    Titles: ['CMD'],
    Processes: [['sleep 1000']],
  });
  expect(() => parsePs('CMD\nsleep\n', new Set([12]))).toThrow("Couldn't find PID field in ps output");
});
