import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { readElfNeeds } from '../../scripts/images/elf.ts';
import { collectLibraries, mergedUsrPath } from '../../scripts/images/libraries.ts';
import type { FileTree, TreeNode } from '../../scripts/images/tree.ts';
import { isKind } from '../../src/lib/errors.ts';

/** The smallest ELF file with a dynamic section: one segment that maps the file at address 0x1000. */
function elf(libraries: readonly string[], interpreter?: string): Buffer {
  const strings = Buffer.from(`\0${[...libraries, interpreter ?? ''].join('\0')}\0`);
  const offsetOf = (text: string): number => strings.indexOf(`\0${text}\0`) + 1;
  const [headers, dynamicAt] = [3, 64 + 3 * 56];
  const tags = [...libraries.map((name) => [1, offsetOf(name)]), [5, 0], [0, 0]];
  const stringsAt = dynamicAt + tags.length * 16;
  const file = Buffer.alloc(stringsAt + strings.length);
  file.write('\x7fELF\x02\x01', 0, 'latin1');
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(headers, 56);
  const segment = (index: number, type: number, offset: number, address: number, size: number): void => {
    const at = 64 + index * 56;
    file.writeUInt32LE(type, at);
    file.writeBigUInt64LE(BigInt(offset), at + 8);
    file.writeBigUInt64LE(BigInt(address), at + 16);
    file.writeBigUInt64LE(BigInt(size), at + 32);
  };
  segment(0, 1, 0, 0x1000, file.length);
  segment(1, 2, dynamicAt, 0x1000 + dynamicAt, tags.length * 16);
  if (interpreter) segment(2, 3, stringsAt + offsetOf(interpreter), 0, interpreter.length + 1);
  tags.forEach(([tag = 0, value = 0], index) => {
    file.writeBigUInt64LE(BigInt(tag), dynamicAt + index * 16);
    file.writeBigUInt64LE(BigInt(tag === 5 ? 0x1000 + stringsAt : value), dynamicAt + index * 16 + 8);
  });
  strings.copy(file, stringsAt);
  return file;
}

function program(content: Uint8Array): TreeNode {
  return { kind: 'file', content, mode: 0o755 };
}

const LOADER = '/lib64/ld-linux-x86-64.so.2';
const LIBC: FileTree = new Map<string, TreeNode>([
  ['lib64/ld-linux-x86-64.so.2', { kind: 'symlink', target: '/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2' }],
  ['lib/x86_64-linux-gnu/ld-linux-x86-64.so.2', program(elf([]))],
  ['lib/x86_64-linux-gnu/libc.so.6', program(elf(['ld-linux-x86-64.so.2']))],
]);
const SSL: FileTree = new Map<string, TreeNode>([
  ['usr/lib/x86_64-linux-gnu/libssl.so.3', { kind: 'symlink', target: 'libssl.so.3.1' }],
  ['usr/lib/x86_64-linux-gnu/libssl.so.3.1', program(elf(['libc.so.6']))],
  ['usr/lib/x86_64-linux-gnu/private/libc.so.6', program(elf([]))],
  ['usr/share/doc/libssl3/copyright', program(Buffer.from('text'))],
]);

describe('readElfNeeds', () => {
  test('names the loader and the libraries in their order', () => {
    expect(readElfNeeds(elf(['libssl.so.3', 'libc.so.6'], LOADER))).toEqual({
      interpreter: LOADER,
      libraries: ['libssl.so.3', 'libc.so.6'],
    });
  });

  test('reads a real program of this machine', () => {
    const needs = readElfNeeds(readFileSync('/usr/bin/env'));
    expect(needs.libraries).toContain('libc.so.6');
    expect(needs.interpreter).toMatch(/^\/lib(64)?\/ld-/);
  });

  test('refuses what is no ELF file', () => {
    let thrown: unknown;
    try {
      readElfNeeds(Buffer.from('#!/bin/sh\n'));
    } catch (error) {
      thrown = error;
    }
    expect(isKind(thrown, 'invalid_parameter')).toBe(true);
  });
});

describe('collectLibraries', () => {
  test('takes loader, libraries, their links and their own needs, at the paths of a merged /usr, and nothing else', () => {
    const found = collectLibraries(elf(['libssl.so.3'], LOADER), [SSL, LIBC]);
    expect([...found.keys()].sort()).toEqual([
      'usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2',
      'usr/lib/x86_64-linux-gnu/libc.so.6',
      'usr/lib/x86_64-linux-gnu/libssl.so.3',
      'usr/lib/x86_64-linux-gnu/libssl.so.3.1',
      'usr/lib64/ld-linux-x86-64.so.2',
    ]);
  });

  test('asks for no package more than it needs', () => {
    function* packages(): Generator<FileTree> {
      yield LIBC;
      throw new Error('asked for more');
    }
    expect(collectLibraries(elf(['libc.so.6'], LOADER), packages()).size).toBe(3);
  });

  test('says which library no package has', () => {
    expect(() => collectLibraries(elf(['libssl.so.3'], LOADER), [LIBC])).toThrow(
      'no package has the library libssl.so.3',
    );
  });
});

test.each([
  ['lib/x86_64-linux-gnu/libc.so.6', 'usr/lib/x86_64-linux-gnu/libc.so.6'],
  ['sbin/ldconfig', 'usr/sbin/ldconfig'],
  ['lib64/ld-linux-x86-64.so.2', 'usr/lib64/ld-linux-x86-64.so.2'],
  ['usr/bin/env', 'usr/bin/env'],
  ['library/x', 'library/x'],
])('%s is %s where /usr is merged', (path, merged) => {
  expect(mergedUsrPath(path)).toBe(merged);
});
