import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createContainerLogs } from './container-log.host.ts';

const MAX_SIZE_BYTES = 50 * 1024;
const RECORDS = 6000;
/** Records that share one reading of the clock, as those of one gulp of the monitor do. */
const GULP = 100;

let path: string;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skiff-rotation-'));
  path = join(folder, 'x-json.log');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const toLine = (n: number): string =>
  `${JSON.stringify({ log: `line ${n}\n`, stream: 'stdout', time: `2026-01-01T00:00:00.${String(Math.floor(n / GULP)).padStart(9, '0')}Z` })}\n`;
const upTo = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at);

/** Moves the files as monitor/src/logfile.c does. `settle` finishes the compression, which goes on while the next file is written. */
function createWriter(maxFiles: number, compress: boolean) {
  let size = 0;
  let rotations = 0;
  let settle: (() => void) | undefined;
  const older = (n: number): string => `${path}.${n}`;
  const has = (n: number): boolean => existsSync(older(n)) || existsSync(`${older(n)}.gz`);
  const rotate = (): void => {
    settle?.();
    settle = undefined;
    let free = 1;
    while (free < maxFiles - 1 && has(free)) free++;
    for (let n = free; n > 1; n--) {
      const packed = existsSync(`${older(n - 1)}.gz`) ? '.gz' : '';
      if (has(n - 1)) renameSync(`${older(n - 1)}${packed}`, `${older(n)}${packed}`);
    }
    renameSync(path, older(1));
    writeFileSync(path, '');
    size = 0;
    rotations++;
    if (!compress) return;
    const data = gzipSync(readFileSync(older(1)));
    writeFileSync(`${older(1)}.gz`, data.subarray(0, data.length / 2));
    settle = () => {
      writeFileSync(`${older(1)}.gz`, data);
      unlinkSync(older(1));
    };
  };
  writeFileSync(path, '');
  return {
    rotations: () => rotations,
    settle: () => settle?.(),
    write(n: number): void {
      const line = toLine(n);
      if (size + line.length > MAX_SIZE_BYTES) rotate();
      appendFileSync(path, line);
      size += line.length;
    },
  };
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The numbers of a follower's lines, which takes `burst` at a time and then lets the writer go on. */
async function follow(
  stopped: Promise<void>,
  burst: number,
  onRecord: (n: number) => void,
): Promise<readonly number[]> {
  const seen: number[] = [];
  const { signal } = new AbortController();
  for await (const records of createContainerLogs().read(path, { signal, stopped })) {
    for (const { line } of records) {
      const n = Number(Buffer.from(line).toString().slice(5));
      seen.push(n);
      onRecord(n);
      if (seen.length % burst === 0) await nextTurn();
    }
  }
  return seen;
}

describe.each([false, true])('compress=%p', (compress) => {
  test.each([1, 7, 250, 100_000])(
    'a follower that takes %d lines at a time gets each once, in order, over rotations',
    async (burst) => {
      const writer = createWriter(3, compress);
      const stopped = Promise.withResolvers<void>();
      let reached = 0;
      const write = async (): Promise<void> => {
        for (let n = 1; n <= RECORDS; n++) {
          writer.write(n);
          // Never so far ahead that what was not read is deleted: 50 KiB hold more than 500 records.
          while (n - reached > 450) await nextTurn();
          if (n % 40 === 0) await nextTurn();
        }
        writer.settle();
        stopped.resolve();
      };
      const [seen] = await Promise.all([
        follow(stopped.promise, burst, (n) => {
          reached = n;
        }),
        write(),
      ]);
      expect(writer.rotations()).toBeGreaterThan(8);
      expect(seen).toEqual(upTo(1, RECORDS));
    },
  );

  test('a file that is rotated twice and compressed before anybody looks is gone on from where it was', async () => {
    const writer = createWriter(4, compress);
    const stopped = Promise.withResolvers<void>();
    writer.write(1);
    let n = 1;
    const seen = await follow(stopped.promise, 1, (reached) => {
      // All at once, in the middle of the reader's file: two rotations and some more.
      if (reached !== 1) return;
      while (writer.rotations() < 2) writer.write(++n);
      for (let more = 0; more < 10; more++) writer.write(++n);
      writer.settle();
      stopped.resolve();
    });
    expect(seen).toEqual(upTo(1, n));
  });

  test('a reader more than all files behind goes on at the oldest line there is', async () => {
    const writer = createWriter(3, compress);
    const stopped = Promise.withResolvers<void>();
    writer.write(1);
    let n = 1;
    let oldest = 0;
    const firsts: number[] = [];
    const seen = await follow(stopped.promise, 1, (reached) => {
      if (reached !== 1) return;
      while (writer.rotations() < 6) {
        const before = writer.rotations();
        writer.write(++n);
        if (writer.rotations() > before) firsts.push(n);
      }
      writer.settle();
      oldest = firsts.at(-3) ?? 0;
      stopped.resolve();
    });
    const own = (firsts[0] ?? 0) - 1;
    expect(readdirSync(folder)).toHaveLength(3);
    expect(seen).toEqual([...upTo(1, own), ...upTo(oldest, n)]);
  });
});

test('files of equal size and one reading of the clock are told apart when all are compressed', async () => {
  const stopped = Promise.withResolvers<void>();
  const record = (text: string): string =>
    `${JSON.stringify({ log: `line ${text}\n`, stream: 'stdout', time: '2026-01-01T00:00:00Z' })}\n`;
  writeFileSync(path, record('1') + record('2'));
  const seen = await follow(stopped.promise, 1, (reached) => {
    if (reached !== 2) return;
    unlinkSync(path);
    writeFileSync(`${path}.2.gz`, gzipSync(record('1') + record('2')));
    writeFileSync(`${path}.1.gz`, gzipSync(record('3') + record('4')));
    writeFileSync(path, record('5'));
    stopped.resolve();
  });
  expect(seen).toEqual([1, 2, 3, 4, 5]);
});
