import { afterEach, beforeEach, expect, test } from 'bun:test';
import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createLogFollower } from './log-follower.host.ts';
import type { LogBatch, LogPlace } from './log-follower.ts';

const follower = createLogFollower();
let root: string;
let path: string;

beforeEach(() => {
  root = mkdtempSync('/tmp/follower-');
  path = join(root, 'log');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const line = (text: string): string =>
  `{"log":"${text}\\n","stream":"stderr","time":"2026-01-02T03:04:05.000000001Z"}\n`;

async function readAll(from?: LogPlace): Promise<{ texts: string[]; last: LogBatch | undefined; lost: boolean }> {
  const read = { texts: [] as string[], last: undefined as LogBatch | undefined, lost: false };
  const options = { stopped: Promise.resolve(), signal: new AbortController().signal };
  for await (const batch of follower.follow(path, from, options)) {
    read.texts.push(...batch.records.map(({ text }) => text));
    read.last = batch;
    read.lost ||= batch.lost;
  }
  return read;
}

/** As the monitor does. */
function rotate(compressed: boolean): void {
  renameSync(path, `${path}.1`);
  if (!compressed) return;
  writeFileSync(`${path}.1.gz`, gzipSync(readFileSync(`${path}.1`)));
  rmSync(`${path}.1`);
}

test('no log is no records', async () => {
  expect(await readAll()).toEqual({ texts: [], last: undefined, lost: false });
  expect(follower.endOf(path)).toBeUndefined();
});

test.each([false, true])('a place outlives the rotation of its file (compressed: %p)', async (compressed) => {
  writeFileSync(path, line('a') + line('b'));
  const { last } = await readAll();
  appendFileSync(path, line('c'));
  rotate(compressed);
  writeFileSync(path, line('d'));
  expect(await follower.waitingBytes(path, last?.next)).toBe(line('c').length + line('d').length);
  const { texts, lost } = await readAll(last?.next);
  expect({ texts, lost }).toEqual({ texts: ['c', 'd'], lost: false });
});

test('when the file of a place is gone, the rest is read and the loss is told once', async () => {
  writeFileSync(path, line('a'));
  const { last } = await readAll();
  rmSync(path);
  writeFileSync(`${path}.1`, line('b'));
  writeFileSync(path, line('c'));
  const read = await readAll(last?.next);
  expect(read.texts).toEqual(['b', 'c']);
  expect([read.lost, read.last?.lost]).toEqual([true, false]);
});

test('growth and rotations are followed until the container has stopped, records that are torn or damaged left out', async () => {
  const stopped = Promise.withResolvers<void>();
  const texts: string[] = [];
  writeFileSync(path, line('a'));
  for await (const { records } of follower.follow(path, undefined, {
    stopped: stopped.promise,
    signal: new AbortController().signal,
  })) {
    texts.push(...records.map(({ text }) => text));
    const at = texts.at(-1);
    if (at === 'a') appendFileSync(path, `nonsense\n${line('b')}`);
    if (at === 'b') {
      rotate(false);
      writeFileSync(path, line('c'));
    }
    if (at === 'c') {
      appendFileSync(path, `${line('d')}{"log":"torn`);
      stopped.resolve();
    }
  }
  expect(texts).toEqual(['a', 'b', 'c', 'd']);
});

test('the end is behind the last record', async () => {
  writeFileSync(path, line('a'));
  const end = follower.endOf(path);
  appendFileSync(path, line('b'));
  expect((await readAll(end)).texts).toEqual(['b']);
});

test('an abort ends it', async () => {
  writeFileSync(path, line('a'));
  const controller = new AbortController();
  const texts: string[] = [];
  for await (const { records } of follower.follow(path, undefined, {
    stopped: new Promise(() => undefined),
    signal: controller.signal,
  })) {
    texts.push(...records.map(({ text }) => text));
    controller.abort();
  }
  expect(texts).toEqual(['a']);
});

test('a place is kept in a file', () => {
  const place = { inode: 1, head: 'h', offset: 2 };
  follower.savePlace(join(root, 'place'), place);
  expect(follower.loadPlace(join(root, 'place'))).toEqual(place);
  expect(follower.loadPlace(join(root, 'none'))).toBeUndefined();
});
