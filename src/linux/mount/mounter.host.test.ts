import { afterEach, expect, test } from 'bun:test';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMounter } from './mounter.host.ts';
import { mountPointsBelow } from './mountinfo.ts';

const root = mkdtempSync(join(tmpdir(), 'skiff-mount-'));
const mounter = createMounter();
afterEach(() => {
  for (const point of mounter.list(root)) mounter.unmount(point);
});

function folder(name: string): string {
  mkdirSync(join(root, name), { recursive: true });
  return join(root, name);
}

test('an overlay shows its lower layers, uppermost first, and keeps writes in the upper one', () => {
  writeFileSync(join(folder('a'), 'f'), 'from a');
  writeFileSync(join(folder('b'), 'f'), 'from b');
  const target = folder('merged');
  mounter.overlay(target, { lower: [join(root, 'b'), join(root, 'a')], upper: folder('u'), work: folder('w') });
  expect(readFileSync(join(target, 'f'), 'utf8')).toBe('from b');
  writeFileSync(join(target, 'new'), 'x');
  expect(existsSync(join(root, 'u', 'new'))).toBe(true);
  expect(mounter.list(root)).toEqual([target]);
});

test('an overlay of 300 lower layers mounts, however long their paths', () => {
  const layers = folder(`layers-${'x'.repeat(100)}`);
  const lower = Array.from({ length: 300 }, (_, n) => join(layers, n.toString(36)));
  for (const [n, path] of lower.entries()) {
    mkdirSync(path);
    writeFileSync(join(path, `f${n}`), String(n));
  }
  const before = process.cwd();
  const target = folder('many');
  mounter.overlay(target, { lower, upper: folder('mu'), work: folder('mw') });
  expect(readFileSync(join(target, 'f0'), 'utf8')).toBe('0');
  expect(readFileSync(join(target, 'f299'), 'utf8')).toBe('299');
  expect(process.cwd()).toBe(before);
});

test('unmounting what is not mounted, or not there, is fine', () => {
  mounter.unmount(folder('plain'));
  mounter.unmount(join(root, 'nowhere'));
});

test('a read-only bind refuses writes', () => {
  const target = folder('bound');
  mounter.bind(folder('source'), target, { readOnly: true });
  expect(() => writeFileSync(join(target, 'x'), '')).toThrow('EROFS');
});

test('mount points are listed deepest first and unescaped', () => {
  const text = '1 2 0:1 / /a rw - t s o\n1 2 0:1 / /a/b\\040c rw - t s o\n1 2 0:1 / /ab rw - t s o\n';
  expect(mountPointsBelow(text, '/a')).toEqual(['/a/b c', '/a']);
});

process.on('exit', () => rmSync(root, { recursive: true, force: true }));
