import { afterEach, beforeEach, expect, test } from 'bun:test';
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createContainerLogs } from './container-log.host.ts';
import { toNanos } from './container-log.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skiff-log-'));
  path = join(folder, 'x-json.log');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const logs = createContainerLogs();
const signal = new AbortController().signal;
const line = (n: number): string =>
  `${JSON.stringify({ log: `line ${n}\n`, stream: n % 2 ? 'stderr' : 'stdout', time: `2026-01-01T00:00:00.${String(n).padStart(9, '0')}Z` })}\n`;
const lines = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, at) => line(from + at)).join('');

async function read(options: Partial<Parameters<typeof logs.read>[1]> = {}): Promise<readonly number[]> {
  const numbers: number[] = [];
  for await (const records of logs.read(path, { signal, ...options }))
    numbers.push(...records.map(({ line: text }) => Number(Buffer.from(text).toString().slice(5))));
  return numbers;
}

test('a missing log is empty', async () => {
  expect(await read()).toEqual([]);
});

test('rotated files come first, compressed ones too', async () => {
  writeFileSync(`${path}.2.gz`, gzipSync(lines(1, 2)));
  writeFileSync(`${path}.1`, lines(3, 4));
  writeFileSync(path, lines(5, 6));
  expect(await read()).toEqual([1, 2, 3, 4, 5, 6]);
  expect(await read({ tail: 3 })).toEqual([4, 5, 6]);
  expect(await read({ tail: 5 })).toEqual([2, 3, 4, 5, 6]);
  expect(await read({ tail: 0 })).toEqual([]);
  expect(await read({ tail: 100 })).toEqual([1, 2, 3, 4, 5, 6]);
});

test('tail reads backwards over many blocks', async () => {
  writeFileSync(path, lines(1, 5000));
  expect(await read({ tail: 2000 })).toEqual(Array.from({ length: 2000 }, (_, at) => 3001 + at));
});

test('since and until bound by time', async () => {
  writeFileSync(path, lines(1, 9));
  const at = (n: number): bigint => toNanos('2026-01-01T00:00:00Z') + BigInt(n);
  expect(await read({ sinceNanos: at(3), untilNanos: at(5) })).toEqual([3, 4, 5]);
});

test('a damaged line is left out', async () => {
  writeFileSync(path, `${line(1)}{"log":\n${line(2)}`);
  expect(await read()).toEqual([1, 2]);
});

test('follow gives what is written meanwhile and ends when all is read', async () => {
  writeFileSync(path, lines(1, 2));
  const stopped = Promise.withResolvers<void>();
  const seen: string[] = [];
  for await (const records of logs.read(path, { signal, stopped: stopped.promise })) {
    seen.push(...records.map(({ line: text }) => Buffer.from(text).toString()));
    if (seen.length === 2) appendFileSync(path, line(3).slice(0, 10));
    if (seen.length === 2) setTimeout(() => appendFileSync(path, line(3).slice(10)), 5);
    if (seen.length === 3) {
      appendFileSync(path, line(4));
      stopped.resolve();
    }
  }
  expect(seen).toEqual(['line 1\n', 'line 2\n', 'line 3\n', 'line 4\n']);
});

test('follow misses nothing and repeats nothing when files are rotated under it', async () => {
  writeFileSync(path, '');
  const stopped = Promise.withResolvers<void>();
  const total = 2000;
  const write = async (): Promise<void> => {
    for (let n = 1; n <= total; n++) {
      appendFileSync(path, line(n));
      if (n % 37 === 0) {
        for (let k = 60; k >= 1; k--) {
          try {
            renameSync(`${path}.${k}`, `${path}.${k + 1}`);
          } catch {
            // not there yet
          }
        }
        renameSync(path, `${path}.1`);
        writeFileSync(path, '');
      }
      if (n % 25 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    stopped.resolve();
  };
  const [seen] = await Promise.all([read({ stopped: stopped.promise }), write()]);
  expect(seen).toEqual(Array.from({ length: total }, (_, at) => at + 1));
});

test('abort ends following', async () => {
  writeFileSync(path, lines(1, 1));
  const gone = new AbortController();
  const reading = read({ stopped: new Promise(() => undefined), signal: gone.signal });
  gone.abort();
  await reading;
});
