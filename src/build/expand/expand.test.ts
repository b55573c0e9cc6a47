import { describe, expect, test } from 'bun:test';
import { expand } from './expand.ts';
import type { EscapeCharacter } from './reading.ts';

const ENV: Readonly<Record<string, string>> = {
  A: 'alpha',
  EMPTY: '',
  PATHS: '/usr/local/bin/tool.tar.gz',
  SPACED: 'one two',
  STAR: 'a*b',
  이름: '값',
  _x1: 'under',
};

function expanded(text: string, escape: EscapeCharacter = '\\'): string {
  return expand(text, (name) => ENV[name], { escape }).text;
}

describe('expansion of a word', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['plain', 'plain'],
    ['$A', 'alpha'],
    ['x${A}y', 'xalphay'],
    ['$_x1', 'under'],
    ['${이름}', '값'],
    ['$NOPE', ''],
    ['$', '$'],
    ['$ A', '$ A'],
    ['$1x', 'x'],
    ['$$A', 'A'],
    ['\\$A', '$A'],
    ['\\\\$A', '\\alpha'],
    ["'$A'", '$A'],
    ['"$A"', 'alpha'],
    ['"a\\nb"', 'a\\nb'],
    ['a\\nb', 'anb'],
    ['"\\$A"', '$A'],
    ['"\\""', '"'],
    ['\'a\'"b"c', 'abc'],
    ['${A:-w}', 'alpha'],
    ['${NOPE:-w}', 'w'],
    ['${EMPTY:-w}', 'w'],
    ['${EMPTY-w}', ''],
    ['${NOPE-w}', 'w'],
    ['${A:+w}', 'w'],
    ['${EMPTY:+w}', ''],
    ['${EMPTY+w}', 'w'],
    ['${NOPE+w}', ''],
    ['${A:?bad}', 'alpha'],
    ['${EMPTY?bad}', ''],
    ['${NOPE:-${A}}', 'alpha'],
    ['${NOPE:-${NOPE2:-"deep $A"}}', 'deep alpha'],
    ['${NOPE:-a\\}b}', 'a}b'],
    ['${PATHS#*/}', 'usr/local/bin/tool.tar.gz'],
    ['${PATHS##*/}', 'tool.tar.gz'],
    ['${PATHS%.*}', '/usr/local/bin/tool.tar'],
    ['${PATHS%%.*}', '/usr/local/bin/tool'],
    ['${PATHS#nothing}', '/usr/local/bin/tool.tar.gz'],
    ['${A#?}', 'lpha'],
    ['${A%p??}', 'al'],
    ['${STAR#a\\*}', 'b'],
    ['${PATHS/o/0}', '/usr/l0cal/bin/tool.tar.gz'],
    ['${PATHS//o/0}', '/usr/l0cal/bin/t00l.tar.gz'],
    ['${PATHS/\\/*\\//X}', 'Xtool.tar.gz'],
    ['${PATHS//\\//_}', '_usr_local_bin_tool.tar.gz'],
    ['${A//a/}', 'lph'],
    ['${A/l*/-}', 'a-'],
    ['trailing\\', 'trailing'],
  ];
  for (const [source, wanted] of cases) {
    test(`${source} gives ${JSON.stringify(wanted)}`, () => expect(expanded(source)).toBe(wanted));
  }

  test('a backtick as escape character leaves backslashes alone', () => {
    expect(expanded('C:\\dir\\$A', '`')).toBe('C:\\dir\\alpha');
    expect(expanded('`$A', '`')).toBe('$A');
  });
});

describe('errors of expansion', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['${', "syntax error: missing '}'"],
    ['${A', 'unsupported modifier () in substitution'],
    ['${A:-x', "syntax error: missing '}'"],
    ['${}', 'syntax error: bad substitution'],
    ['${:-x}', 'syntax error: bad substitution'],
    ['${A^}', 'unsupported modifier (^) in substitution'],
    ['${A:=x}', 'unsupported modifier (:=) in substitution'],
    ['${NOPE?}', 'NOPE: is not allowed to be unset'],
    ['${EMPTY:?}', 'EMPTY: is not allowed to be empty'],
    ['${NOPE:?give it}', 'NOPE: give it'],
    ['${A/x}', "syntax error: missing '/' in ${}"],
    ['${A/x/y', "syntax error: missing '}'"],
    ['${A#\\x}', "invalid pattern (\\x) in substitution: invalid escape '\\x'"],
    ['"open', 'unexpected end of statement while looking for matching double-quote'],
    ["'open", 'unexpected end of statement while looking for matching single-quote'],
  ];
  for (const [source, why] of cases) {
    test(`${source}: ${why}`, () => {
      expect(() => expanded(source)).toThrow(`failed to process ${JSON.stringify(source)}: ${why}`);
    });
  }

  test('nesting without end is refused, not a stack overflow', () => {
    expect(() => expanded('${A:+'.repeat(50_000))).toThrow('nested too deeply');
  });

  test('a pattern made to be slow is answered', () => {
    const value = 'a'.repeat(3_000);
    const result = expand(`\${V%${'*a'.repeat(12)}b}`, () => value, { escape: '\\' });
    expect(result.text).toBe(value);
  });
});

describe('words', () => {
  const words = (text: string): readonly string[] => expand(text, (name) => ENV[name], { escape: '\\' }).words;

  test('blanks of a variable separate words, quoted blanks do not', () => {
    expect(words('$SPACED "$SPACED" three\\ four')).toEqual(['one', 'two', 'one two', 'three four']);
  });

  test('names that were found and names that were not are told apart', () => {
    const { used, missing } = expand('$A ${NOPE:-$B}', (name) => ENV[name], { escape: '\\' });
    expect([[...used], [...missing]]).toEqual([['A'], ['B', 'NOPE']]);
  });

  test('kept references stay as they were written', () => {
    const { text } = expand('$NOPE ${NOPE} ${NOPE:-x} $A', (name) => ENV[name], { escape: '\\', keepUnset: true });
    expect(text).toBe('$NOPE ${NOPE} ${NOPE:-x} alpha');
  });
});
