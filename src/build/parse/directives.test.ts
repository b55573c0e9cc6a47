import { describe, expect, test } from 'bun:test';
import { detectSyntax } from './directives.ts';

describe('syntax of a build definition', () => {
  test('a comment, a // comment or a JSON member names it', () => {
    expect(detectSyntax('# syntax = a/b:1 --x\nFROM c')).toEqual({ reference: 'a/b:1', commandLine: 'a/b:1 --x' });
    expect(detectSyntax('// syntax=a/b\n{}')?.reference).toBe('a/b');
    expect(detectSyntax('{"syntax": "a/b"}')?.reference).toBe('a/b');
  });

  test('a byte order mark and a #! line come before it', () => {
    expect(detectSyntax('\uFEFF#!/usr/bin/env x\n#syntax=a/b\n')?.reference).toBe('a/b');
  });

  test('after another comment, in a later line or in other JSON there is none', () => {
    expect(detectSyntax('# hello\n# syntax=a/b\n')).toBeUndefined();
    expect(detectSyntax('FROM c\n# syntax=a/b\n')).toBeUndefined();
    expect(detectSyntax('{"syntax": 1}')).toBeUndefined();
    expect(detectSyntax('')).toBeUndefined();
  });
});
