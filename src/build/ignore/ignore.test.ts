import { describe, expect, test } from 'bun:test';
import { parseIgnoreFile } from './ignore-file.ts';
import { createIgnoreMatcher } from './matcher.ts';

/** `below`: only because a folder above it matches. */
type Result = 'yes' | 'no' | 'below';

function matches(pattern: string, path: string): boolean {
  return createIgnoreMatcher([pattern]).matches(path);
}

describe('one pattern', () => {
  const cases: readonly (readonly [string, string, Result])[] = [
    ['**', 'file', 'yes'],
    ['**/', 'dir/file', 'yes'],
    ['**/**', 'dir/file', 'yes'],
    ['dir/**', 'dir/file', 'yes'],
    ['dir/**', 'dir/dir2/file', 'yes'],
    ['dir/**', 'dir', 'no'],
    ['dir/**', 'dirt/file', 'no'],
    ['dir', 'dir/file', 'below'],
    ['dir', 'a/dir', 'no'],
    ['dir/', 'dir/file', 'below'],
    ['**/dir', 'dir', 'yes'],
    ['**/dir', 'a/b/dir', 'yes'],
    ['**/dir', 'a/bdir', 'no'],
    ['**/dir', 'dir/file', 'below'],
    ['**/dir2/*', 'dir/dir2/file', 'yes'],
    ['**/dir2/**', 'dir/dir2/dir3/file', 'yes'],
    ['**file', 'file', 'yes'],
    ['**file', 'dir/my-file', 'yes'],
    ['**/file*', 'dir/dir/file.txt', 'yes'],
    ['**/file*txt', 'dir/dir/file.txt', 'yes'],
    ['**/**/*.txt', 'file.txt', 'yes'],
    ['**/**/*.txt', 'dir/dir/file.txt', 'yes'],
    ['**/**/*.txt2', 'dir/dir/file.txt', 'no'],
    ['**/*.txt', 'file.txt', 'yes'],
    ['a**/*.txt', 'a/file.txt', 'yes'],
    ['a**/*.txt', 'a/dir/dir/file.txt', 'yes'],
    ['a/**/b', 'a/b', 'yes'],
    ['a/**/b', 'a/x/y/b', 'yes'],
    ['a/**/b', 'a/xb', 'no'],
    ['a/*.txt', 'a/dir/file.txt', 'no'],
    ['a/*.txt', 'a/file.txt', 'yes'],
    ['a/*.txt**', 'a/file.txt', 'yes'],
    ['a[b-d]e', 'ace', 'yes'],
    ['a[b-d]e', 'ae', 'no'],
    ['a[^b-d]e', 'aze', 'yes'],
    ['a[^b-d]e', 'ace', 'no'],
    ['[a-ζ]*', 'α', 'yes'],
    ['a?b', 'a☺b', 'yes'],
    ['a?b', 'a/b', 'no'],
    ['a*b', 'a/b', 'no'],
    ['[\\]a]', ']', 'yes'],
    ['[x\\-]', '-', 'yes'],
    ['[x\\-]', 'z', 'no'],
    ['.*', '.foo', 'yes'],
    ['.*', 'foo', 'no'],
    ['abc.def', 'abcZdef', 'no'],
    ['a.|)$(}+{bc', 'a.|)$(}+{bc', 'yes'],
    ['a(b)c/def', 'a(b)c/def', 'yes'],
    ['dist/*.whl', 'dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl', 'yes'],
    ['**/.foo', 'bar.foo', 'no'],
    ['a\\*b', 'a*b', 'yes'],
    ['a\\*b', 'ab', 'no'],
    ['a*b?c*x', 'abxbbxdbxebxczzx', 'yes'],
    ['a*b?c*x', 'abxbbxdbxebxczzy', 'no'],
    ['a*b*c*d*e*/f', 'axbxcxdxexxx/f', 'yes'],
    ['a*b*c*d*e*/f', 'axbxcxdxexxx/fff', 'no'],
    ['*', 'dir/file', 'below'],
    ['*/x', 'dir/x', 'yes'],
    ['*/x', 'dir/y/x', 'no'],
    ['./a/../b', 'b', 'yes'],
  ];
  for (const [pattern, path, result] of cases) {
    test(`${pattern} and ${path}: ${result}`, () => expect(matches(pattern, path)).toBe(result !== 'no'));
  }

  test('malformed ones are refused', () => {
    for (const pattern of ['[', '[^', '[^bc', 'a[', '[]a]', '[-]', '[x-]', '[-x]', '[a-b-c]', '\\', '[z-a]'])
      expect(() => matches(pattern, 'a')).toThrow('syntax error in pattern');
    expect(() => matches('!', 'a')).toThrow('illegal exclusion pattern: "!"');
  });

  test('one made to be slow is answered', () => {
    expect(matches(`${'**/'.repeat(20)}x`, `${'a/'.repeat(80)}y`)).toBe(false);
    expect(matches(`${'*a'.repeat(40)}b`, 'a'.repeat(400))).toBe(false);
  });
});

describe('several patterns', () => {
  const cases: readonly (readonly [readonly string[], string, boolean])[] = [
    [['!fileutils.go', '*.go'], 'fileutils.go', true],
    [['*.go', '!fileutils.go'], 'fileutils.go', false],
    [['docs', '!docs/README.md'], 'docs/README.md', false],
    [['docs/', '!docs/README.md'], 'docs/README.md', false],
    [['docs/*', '!docs/README.md'], 'docs/other.md', true],
    [['**', '!util/docker/web'], 'util/docker/web/foo', false],
    [['**', '!util/docker/web', 'util/docker/web/foo'], 'util/docker/web/foo', true],
    [['*', '!src', 'src/*.test'], 'src/a.test', true],
    [['*', '!src', 'src/*.test'], 'src/a', false],
    [[], 'anything', false],
    [['*.go'], '.', false],
    [['  *.go  ', ''], 'a.go', true],
  ];
  for (const [patterns, path, ignored] of cases) {
    test(`${JSON.stringify(patterns)} ${ignored ? 'takes' : 'leaves'} ${path}`, () =>
      expect(createIgnoreMatcher(patterns).matches(path)).toBe(ignored));
  }

  test('an exception is told', () => {
    expect(createIgnoreMatcher(['a', ' !b']).hasExceptions).toBe(true);
    expect(createIgnoreMatcher(['a']).hasExceptions).toBe(false);
  });
});

describe('the file', () => {
  test('comments, blanks, slashes and byte order marks go', () => {
    const text = '\uFEFF# comment\n  # no comment\n\n/abs/path/\r\n ! /kept/x \n!\na/../b//c\n/\n';
    expect(parseIgnoreFile(text)).toEqual(['# no comment', 'abs/path', '!kept/x', '!', 'b/c', '/']);
  });
});
