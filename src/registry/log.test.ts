import { expect, test } from 'bun:test';
import { createLog, type LogOptions } from './log.ts';

function linesOf(options: Partial<LogOptions>): {
  readonly lines: string[];
  readonly log: ReturnType<typeof createLog>;
} {
  const lines: string[] = [];
  const base = { level: 'info', formatter: 'json', fields: { service: 'hub' }, now: () => 0 } as const;
  return { lines, log: createLog({ ...base, ...options, write: (line) => void lines.push(line) }) };
}

test('json: one object a line with time, level, message, the fields of the configuration and those of the event', () => {
  const { lines, log } = linesOf({});
  log.info('response\ncompleted', { 'http.request.uri': '/"x"', 'http.response.status': 200, absent: undefined });
  expect(lines[0]?.endsWith('}\n')).toBe(true);
  expect(lines[0]?.trimEnd()).not.toContain('\n');
  expect(JSON.parse(lines[0] ?? '')).toEqual({
    time: '1970-01-01T00:00:00.000Z',
    level: 'info',
    msg: 'response\ncompleted',
    service: 'hub',
    'http.request.uri': '/"x"',
    'http.response.status': 200,
  });
});

test('text: the same as logfmt, quoted where it must be', () => {
  const { lines, log } = linesOf({ formatter: 'text' });
  log.warn('a b', { path: '/v2/', text: 'x" level=error', absent: undefined });
  expect(lines).toEqual([
    'time=1970-01-01T00:00:00.000Z level=warn msg="a b" service=hub path=/v2/ text="x\\" level=error"\n',
  ]);
});

test('what is below the level is not written', () => {
  const { lines, log } = linesOf({ level: 'warn' });
  log.debug('no');
  log.info('no');
  log.warn('yes');
  log.error('yes');
  expect(lines).toHaveLength(2);
});
