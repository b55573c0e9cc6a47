import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MNT_DETACH, mount, unmount } from '../../linux/ffi/libc.host.ts';
import { MS } from '../../linux/mount/mount-flags.ts';
import { openDatabase } from './database.host.ts';

const folder = mkdtempSync(join(tmpdir(), 'skiff-db-'));
beforeAll(() => mount('tmpfs', folder, 'tmpfs', MS.NOSUID, 'size=3m'));
afterAll(() => {
  unmount(folder, MNT_DETACH); // SQLite closes files that statements still name when they are collected
  rmSync(folder, { recursive: true });
});

function fillUp(): void {
  for (let size = 1 << 20; size >= 512; size >>= 1)
    for (let n = 0; n < 8; n++)
      try {
        writeFileSync(join(folder, `fill${size}-${n}`), Buffer.alloc(size, 1));
      } catch {
        break;
      }
}

test('with a full disk updates and deletions are written from the reserve, by run and by prepared statements; insertions are not', () => {
  const db = openDatabase(join(folder, 'db'), { reserve: 'reserve' });
  db.run('CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)');
  for (let id = 0; id < 40; id++) db.run('INSERT INTO t VALUES (?, ?)', [id, 'x'.repeat(5000)]);
  const update = db.prepare('UPDATE t SET text = ? WHERE id = ?');
  fillUp();
  const insert = (): void => {
    for (let id = 100; id < 200; id++) db.run('INSERT INTO t VALUES (?, ?)', [id, 'y'.repeat(5000)]);
  };
  expect(insert).toThrow('full');
  expect(existsSync(join(folder, 'reserve'))).toBe(true);
  for (let id = 0; id < 20; id++) update.run('z'.repeat(5000), id);
  expect(existsSync(join(folder, 'reserve'))).toBe(false);
  db.run('DELETE FROM t WHERE id < 10');
  expect(db.query<{ n: number }, []>('SELECT count(*) AS n FROM t WHERE id < 40').get()?.n).toBe(30);
  db.close();
});
