import { expect, test } from 'bun:test';
import { explainMiss } from './explain.ts';

const build = (name: string, atMs: number) => ({ name, atMs });

test('nothing like it was built before', () => {
  expect(explainMiss([['a', '1']], [])).toMatchObject({ kind: 'never', build: undefined });
});

test('the first input that differs, of the step that is most like it', () => {
  const known = [
    {
      inputs: [
        ['a', '1'],
        ['b', '9'],
        ['c', '9'],
      ] as const,
      build: build('other', 3),
    },
    {
      inputs: [
        ['a', '1'],
        ['b', '1'],
        ['c', '2'],
      ] as const,
      build: build('near', 1),
    },
  ];
  expect(
    explainMiss(
      [
        ['a', '1'],
        ['b', '2'],
        ['c', '2'],
      ],
      known,
    ),
  ).toEqual({
    kind: 'changed',
    input: 'b',
    before: '1',
    now: '2',
    build: build('near', 1),
  });
});

test('of equals, the latest; inputs that came or went', () => {
  const known = [
    {
      inputs: [
        ['a', '1'],
        ['gone', 'x'],
      ] as const,
      build: build('old', 1),
    },
    {
      inputs: [
        ['a', '1'],
        ['gone', 'x'],
      ] as const,
      build: build('new', 2),
    },
  ];
  expect(explainMiss([['a', '1']], known)).toMatchObject({
    input: 'gone',
    before: 'x',
    now: undefined,
    build: build('new', 2),
  });
  expect(
    explainMiss(
      [
        ['a', '1'],
        ['gone', 'x'],
        ['came', 'y'],
      ],
      known,
    ),
  ).toMatchObject({ input: 'came', before: undefined });
});

test('the same inputs: its result is gone', () => {
  expect(explainMiss([['a', '1']], [{ inputs: [['a', '1']], build: build('x', 1) }])).toMatchObject({ kind: 'gone' });
});
