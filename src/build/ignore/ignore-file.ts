import { posix } from 'node:path';

/**
 * The patterns of a `.dockerignore`, as moby/patternmatcher's ignorefile reads it: a `#` in the first column is a comment, blanks
 * around a line go, `!` stays in front, paths are cleaned and lose a `/` at the start.
 */
export function parseIgnoreFile(text: string): readonly string[] {
  return text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map(cleanLine);
}

function cleanLine(line: string): string {
  const exception = line.startsWith('!');
  const pattern = exception ? line.slice(1).trim() : line;
  const path = pattern === '' ? '' : rooted(cleanPath(pattern));
  return exception ? `!${path}` : path;
}

function rooted(path: string): string {
  return path.length > 1 && path.startsWith('/') ? path.slice(1) : path;
}

/** As Go's filepath.Clean. */
export function cleanPath(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}
