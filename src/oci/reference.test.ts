import { describe, expect, test } from 'bun:test';
import { formatReference, parseReference } from './reference.ts';

const ZEROS = '0'.repeat(64);

/** Recorded from docker 28.2: the full form of what it takes, the error of what it refuses. */
describe('references are read as Docker reads them', () => {
  test.each([
    ['busybox', 'docker.io/library/busybox'],
    ['busybox:UP', 'docker.io/library/busybox:UP'],
    ['x/y', 'docker.io/x/y'],
    ['X/lower', 'X/lower'],
    ['docker.io/a', 'docker.io/library/a'],
    ['index.docker.io/x/a', 'docker.io/x/a'],
    ['localhost/a', 'localhost/a'],
    ['localhost:5000/a:b', 'localhost:5000/a:b'],
    ['[::1]:5000/a:b', '[::1]:5000/a:b'],
    ['a__b', 'docker.io/library/a__b'],
    ['a--b', 'docker.io/library/a--b'],
    ['host:99999999/x', 'host:99999999/x'],
    [`a:t@sha256:${ZEROS}`, `docker.io/library/a:t@sha256:${ZEROS}`],
  ])('%s', (text, full) => {
    expect(formatReference(parseReference(text))).toBe(full);
  });

  test.each([
    ['Busybox', 'invalid reference format: repository name (library/Busybox) must be lowercase'],
    ['Busy:UP', 'invalid reference format: repository name (library/Busy) must be lowercase'],
    ['library/Busy', 'invalid reference format: repository name (library/Busy) must be lowercase'],
    ['x/UPPER', 'invalid reference format: repository name (x/UPPER) must be lowercase'],
    ['Host/UPPER', 'invalid reference format: repository name (UPPER) must be lowercase'],
    ['docker.io/A', 'invalid reference format: repository name (library/A) must be lowercase'],
    ['B!d', 'invalid reference format: repository name (library/B!d) must be lowercase'],
    ['b!d', 'invalid reference format'],
    ['', 'invalid reference format'],
    ['a//b', 'invalid reference format'],
    ['/a', 'invalid reference format'],
    ['a:', 'invalid reference format'],
    ['a___b', 'invalid reference format'],
    ['a:t:u', 'invalid reference format'],
    ['http://x/y', 'invalid reference format'],
    ['a@sha256:00', 'invalid reference format'],
    [`a@sha256:${'0'.repeat(63)}A`, 'invalid checksum digest format'],
    [`a@sha256:${'0'.repeat(32)}`, 'invalid checksum digest length'],
    [`a@md5:${'0'.repeat(32)}`, 'unsupported digest algorithm'],
    [ZEROS, `invalid repository name (${ZEROS}), cannot specify 64-byte hexadecimal strings`],
    ['a'.repeat(256), 'repository name must not be more than 255 characters'],
  ])('%s is refused', (text, problem) => {
    expect(() => parseReference(text)).toThrow(new Error(problem));
  });
});
