import { describe, expect, test } from 'bun:test';
import { nearest, withSuggestion } from './suggest.ts';

describe('did you mean', () => {
  test('two edits are near, three are not', () => {
    expect(nearest('FRM', ['RUN', 'FROM'])).toBe('FROM');
    expect(nearest('FRMM', ['RUN', 'FROM'])).toBe('FROM');
    expect(nearest('BANANA', ['RUN', 'FROM'])).toBeUndefined();
  });

  test('a character added, taken away or changed is an edit each, wherever it is', () => {
    for (const [written, option] of [
      ['abcdef', 'bcdef'],
      ['bcdef', 'abcdef'],
      ['abcdef', 'cdef'],
      ['cdef', 'abcdef'],
      ['abxdey', 'abcdef'],
      ['abcdefg', 'abdeg'],
      ['a', 'xya'],
    ] as const)
      expect(nearest(written, [option])).toBe(option);
    for (const [written, option] of [
      ['abcdef', 'def'],
      ['abcdef', 'fedcba'],
      ['xyzdef', 'abcdef'],
      ['', 'abc'],
    ] as const)
      expect(nearest(written, [option])).toBeUndefined();
  });

  test('the option itself needs no hint, and case counts only where it should', () => {
    expect(nearest('from', ['FROM'], true)).toBeUndefined();
    expect(nearest('from', ['FROM'])).toBeUndefined();
    expect(nearest('fro', ['FROM'], true)).toBe('from');
    expect(nearest('FRO', ['from'], true)).toBe('FROM');
    expect(nearest('Fro', ['FROM'], true)).toBe('from');
    expect(nearest('fro', ['FROM'])).toBeUndefined();
  });

  test('the message stays as it is without a match', () => {
    expect(withSuggestion('no', 'abc', ['xyz1'])).toBe('no');
    expect(withSuggestion('no', 'abc', ['abd'])).toBe('no (did you mean abd?)');
  });
});
