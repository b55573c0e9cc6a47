import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecretBox } from './secret-box.host.ts';

const root = mkdtempSync(join(tmpdir(), 'box-'));
afterAll(() => rmSync(root, { recursive: true }));
const value = Buffer.from('the value');

test('what is sealed is opened by the next one with the same key, for the same subject, unchanged', () => {
  const path = join(root, 'key');
  const sealed = createSecretBox(path).seal('one', value);
  const box = createSecretBox(path);
  expect(Buffer.from(box.open('one', sealed))).toEqual(value);
  expect(statSync(path).mode & 0o7777).toBe(0o600);
  expect(() => box.open('two', sealed)).toThrow('cannot be opened');
  const changed = Buffer.from(sealed);
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
  expect(() => box.open('one', changed)).toThrow('cannot be opened');
  expect(() => box.open('one', new Uint8Array())).toThrow('cannot be opened');
});

test('the same value is sealed otherwise each time, and never in clear', () => {
  const box = createSecretBox(join(root, 'other'));
  const [first, second] = [box.seal('a', value), box.seal('a', value)].map((sealed) => Buffer.from(sealed));
  expect(first).not.toEqual(second);
  expect(first?.includes(value)).toBe(false);
  expect(() => createSecretBox(join(root, 'none')).open('a', first ?? value)).toThrow('cannot be opened');
});
