import { describe, expect, test } from 'bun:test';
import { createDetachFilter, parseDetachKeys } from './detach-keys.ts';

test.each([
  ['ctrl-p,ctrl-q', [16, 17]],
  ['ctrl-a', [1]],
  ['a,b,ctrl-[', [97, 98, 27]],
  ['ctrl-@,ctrl-_', [0, 31]],
])('%s', (text, bytes) => {
  expect([...parseDetachKeys(text)]).toEqual(bytes);
});

test('what is no key is refused', () => {
  expect(() => parseDetachKeys('foo')).toThrow("Unknown character: 'foo'");
  expect(() => parseDetachKeys('')).toThrow('Unknown character');
});

describe('the filter', () => {
  const run = (...chunks: string[]): readonly [string, boolean] => {
    const filter = createDetachFilter(Buffer.from('pq'));
    let seen = '';
    for (const chunk of chunks) {
      const { bytes, detached } = filter.push(Buffer.from(chunk));
      seen += Buffer.from(bytes).toString();
      if (detached) return [seen, true];
    }
    return [seen, false];
  };

  test.each([
    [['hello'], 'hello', false],
    [['ab', 'pq', 'x'], 'ab', true],
    [['abp', 'q'], 'ab', true],
    [['p', 'x'], 'px', false],
    [['ppq'], 'p', true],
    [['p'], '', false],
  ])('%p', (chunks, seen, detached) => {
    expect(run(...chunks)).toEqual([seen, detached]);
  });
});
