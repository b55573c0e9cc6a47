import { describe, expect, test } from 'bun:test';
import { parseLine, parseRecord } from './container-log.ts';

const TIME = '"time":"2026-11-26T02:51:34.123456789Z"';

describe('a line of the file is read alike, whether its bytes are taken as they are or as JSON', () => {
  test.each([
    ['text and its line feed', `{"log":"hello\\n","stream":"stdout",${TIME}}`],
    ['text without a line feed', `{"log":"hello","stream":"stderr",${TIME}}`],
    ['nothing', `{"log":"","stream":"stdout",${TIME}}`],
    ['an empty line', `{"log":"\\n","stream":"stdout",${TIME}}`],
    ['a backslash at the end', `{"log":"a\\\\n","stream":"stdout",${TIME}}`],
    ['an escaped n and a line feed', `{"log":"a\\\\n\\n","stream":"stdout",${TIME}}`],
    ['another escape at the end', `{"log":"a\\r","stream":"stdout",${TIME}}`],
    ['escapes within', `{"log":"a \\"b\\" \\u0001 c\\n","stream":"stdout",${TIME}}`],
    ['what follows a text, within one', `{"log":"x\\",\\"stream\\":\\"stderr\\",\\n","stream":"stdout",${TIME}}`],
    ['text that is not of one byte each', `{"log":"grüße, 세계 🎉\\n","stream":"stdout",${TIME}}`],
    ['attributes', `{"log":"a\\n","stream":"stdout","attrs":{"k":"v"},${TIME}}`],
    ['attributes that hold a time', `{"log":"a\\n","stream":"stdout","attrs":{"time":"x"},${TIME}}`],
    ['another order', `{${TIME},"stream":"stderr","log":"a\\n"}`],
    ['blanks', `{ "log": "a\\n", "stream": "stdout", ${TIME} }`],
    ['a field behind the time', `{"log":"a\\n","stream":"stdout",${TIME},"x":"y"}`],
    ['one that was cut off', `{"log":"a\\n","stream":"stdout","time":"2026-1`],
    ['one that was cut off in its text', `{"log":"a`],
    ['no record', 'hello'],
  ])('%s', (_title, line) => {
    const record = parseLine(Buffer.from(line));
    const text = (one: typeof record): unknown => one && { ...one, line: Buffer.from(one.line).toString() };
    expect(text(record)).toEqual(text(parseRecord(line)));
  });
});
