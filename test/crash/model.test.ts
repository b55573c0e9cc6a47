import { expect, test } from 'bun:test';
import { allowedStates, type Expected, judge, judgeLog } from './model.ts';

const running: Expected = {
  name: 'c',
  kind: 'counter',
  state: 'running',
  underWay: undefined,
  id: 'i',
  pid: 7,
  startedAt: 't',
  exitCode: 0,
};
const seen = { status: 'running', pid: 7, startedAt: 't', exitCode: 0 };

test('what was acknowledged must be there, as it was', () => {
  expect(judge(running, seen)).toEqual([]);
  expect(judge(running, undefined)).toHaveLength(1);
  expect(judge(running, { ...seen, status: 'exited' })).toHaveLength(1);
  expect(judge(running, { ...seen, pid: 8 })).toHaveLength(1);
  expect(judge({ ...running, state: 'removed' }, seen)).toHaveLength(1);
  expect(judge({ ...running, state: 'removed' }, undefined)).toEqual([]);
});

test('what was under way has happened or not', () => {
  expect(allowedStates({ state: 'created', underWay: 'start' })).toEqual(['created', 'running']);
  expect(judge({ ...running, underWay: 'remove' }, undefined)).toEqual([]);
  expect(judge({ ...running, state: 'none', underWay: 'create' }, { ...seen, status: 'created' })).toEqual([]);
  expect(judge({ ...running, state: 'none', underWay: 'create' }, seen)).toHaveLength(1);
});

test('a short one that was started has its exit code or still runs', () => {
  const short: Expected = { ...running, kind: 'short', exitCode: 9 };
  expect(judge(short, { ...seen, status: 'exited', exitCode: 9 })).toEqual([]);
  expect(judge(short, seen)).toEqual([]);
  expect(judge(short, { ...seen, status: 'exited', exitCode: 0 })).toHaveLength(1);
  expect(judge(short, { ...seen, status: 'created' })).toHaveLength(1);
});

test('one that removes itself runs or is gone', () => {
  const auto: Expected = { ...running, kind: 'auto' };
  expect(judge(auto, undefined)).toEqual([]);
  expect(judge(auto, seen)).toEqual([]);
  expect(judge(auto, { ...seen, status: 'exited' })).toHaveLength(1);
  expect(judge({ ...auto, state: 'created' }, undefined)).toHaveLength(1);
  expect(judge({ ...auto, state: 'created', underWay: 'start' }, { ...seen, status: 'created' })).toEqual([]);
});

test('a log with a gap is seen', () => {
  expect(judgeLog('c', '1\n2\n3\n')).toEqual([]);
  expect(judgeLog('c', '1\n3\n')).toHaveLength(1);
});
