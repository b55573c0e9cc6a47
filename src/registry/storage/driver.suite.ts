import { describe, expect, test } from 'bun:test';
import { isKind } from '../../lib/errors.ts';
import type { ByteRange, Driver } from './driver.ts';

/** What every driver must do. */
export function driverSuite(name: string, create: () => Promise<Driver>): void {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const textOf = async (driver: Driver, path: string, range?: ByteRange): Promise<string> =>
    Buffer.concat(await Array.fromAsync(driver.stream(path, range))).toString();
  const isMissing = async (work: Promise<unknown>): Promise<boolean> =>
    await work.then(
      () => false,
      (error: unknown) => isKind(error, 'not_found'),
    );

  describe(`driver ${name}`, () => {
    test('write creates the folders above, replaces what is there, and does not keep the caller’s buffer', async () => {
      const driver = await create();
      const buffer = bytes('one');
      await driver.write('a/b/c', buffer);
      buffer.fill(0);
      expect(Buffer.from(await driver.read('a/b/c')).toString()).toBe('one');
      await driver.write('a/b/c', 'second');
      expect(Buffer.from(await driver.read('a/b/c')).toString()).toBe('second');
      expect((await driver.stat('a/b/c'))?.sizeBytes).toBe(6);
    });

    test('what is not there is not_found for read, stream and move, undefined for stat, nothing for list and remove', async () => {
      const driver = await create();
      await driver.write('folder/file', 'x');
      for (const path of ['none', 'folder/none', 'folder/file/below']) {
        expect(await isMissing(driver.read(path))).toBe(true);
        expect(await isMissing(textOf(driver, path))).toBe(true);
        expect(await isMissing(driver.move(path, 'to'))).toBe(true);
        expect(await driver.stat(path)).toBeUndefined();
        expect(await driver.list(path)).toEqual([]);
        await driver.remove(path);
      }
      expect(await driver.stat('folder')).toBeUndefined();
      expect(await driver.list('')).toEqual(['folder/']);
    });

    test('stream gives the range, the end not included, also over the seams of appended pieces', async () => {
      const driver = await create();
      {
        await using file = await driver.append('f');
        for (const part of ['012', '345', '6789']) await file.write(bytes(part));
      }
      expect(await textOf(driver, 'f')).toBe('0123456789');
      expect(await textOf(driver, 'f', { start: 2, end: 7 })).toBe('23456');
      expect(await textOf(driver, 'f', { start: 9, end: 10 })).toBe('9');
      expect(await textOf(driver, 'f', { start: 4, end: 4 })).toBe('');
    });

    test('append goes on at the end of what is there, and an empty one leaves an empty file', async () => {
      const driver = await create();
      for (const part of ['ab', '', 'cd']) {
        await using file = await driver.append('x/y');
        if (part) await file.write(bytes(part));
        await file.sync();
      }
      expect(await textOf(driver, 'x/y')).toBe('abcd');
      await using _empty = await driver.append('x/empty');
      expect((await driver.stat('x/empty'))?.sizeBytes).toBe(0);
    });

    test('move replaces the file at the new place and leaves nothing at the old one', async () => {
      const driver = await create();
      await driver.write('from', 'new');
      await driver.write('deep/to', 'old');
      await driver.move('from', 'deep/to');
      await driver.move('deep/to', 'other/place/file');
      expect(await textOf(driver, 'other/place/file')).toBe('new');
      expect(await driver.stat('from')).toBeUndefined();
      expect(await driver.list('deep')).toEqual([]);
    });

    test('list gives names in code unit order, folders with a slash', async () => {
      const driver = await create();
      for (const path of ['r/b/x', 'r/a-b', 'r/a/x', 'r/a/y', 'r/B', 'rest']) await driver.write(path, '');
      expect(await driver.list('r')).toEqual(['B', 'a-b', 'a/', 'b/']);
    });

    test('remove takes a file, or a folder with all below, and nothing with a name that only begins alike', async () => {
      const driver = await create();
      for (const path of ['d/a', 'd/e/f', 'd2/x', 'file']) await driver.write(path, '1');
      await driver.remove('d');
      await driver.remove('file');
      expect(await driver.list('')).toEqual(['d2/']);
    });

    test('the time of a file is that of its last change', async () => {
      const driver = await create();
      await driver.write('f', '1');
      const first = (await driver.stat('f'))?.modifiedMs ?? 0;
      expect(Math.abs(Date.now() - first)).toBeLessThan(60_000);
    });

    test('localPath, where there is one, names a file with the same bytes', async () => {
      const driver = await create();
      await driver.write('some/blob', 'content');
      const path = driver.localPath?.('some/blob');
      expect(path === undefined ? 'content' : await Bun.file(path).text()).toBe('content');
    });
  });
}
