import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  read as readFd,
  rmSync,
  statSync,
  watch,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { errnoOf } from '../../lib/errors.ts';
import { type ContainerLogs, type LogFileRecord, parseRecord, type ReadLogOptions, toNanos } from './container-log.ts';

const BLOCK_BYTES = 64 * 1024;
/** A record holds 16 KiB at most before JSON escaping; anything much longer is no record. */
const LINE_MAX_BYTES = 1024 * 1024;
/** Longest wait for news when the file system does not tell of changes. */
const POLL_MS = 500;
const NEWLINE = 10;

export function createContainerLogs(): ContainerLogs {
  return {
    read,
    remove(path) {
      for (const { file } of rotatedFiles(path)) rmSync(file, { force: true });
      rmSync(path, { force: true });
    },
  };
}

async function* read(path: string, options: ReadLogOptions): AsyncIterable<LogFileRecord> {
  for await (const record of readAll(path, options)) {
    if (options.signal.aborted) return;
    if (options.sinceNanos !== undefined && toNanos(record.time) < options.sinceNanos) continue;
    if (options.untilNanos !== undefined && toNanos(record.time) > options.untilNanos) return;
    yield record;
  }
}

/** A file of the log, open: what it is called may change while it is read. */
interface OpenFile {
  readonly fd: number;
  readonly inode: number;
  readonly compressed: boolean;
}

async function* readAll(path: string, options: ReadLogOptions): AsyncIterable<LogFileRecord> {
  const place = createPlace();
  const ended = endOf(options);
  let chain = await openWhenThere(path, options, ended);
  let starts = await planTail(chain, options.tail);
  let mark: Place | undefined;
  try {
    while (true) {
      for (const [at, file] of chain.entries()) {
        const grows = options.stopped !== undefined && at === chain.length - 1;
        const lines = grows
          ? growingLines(file, starts[at] ?? 0, path, options, ended)
          : wholeLines(file, starts[at] ?? 0);
        yield* toRecords(lines, place, mark);
      }
      const last = chain.at(-1);
      if (options.signal.aborted || !options.stopped || !last) return;
      const next = openChain(path);
      const at = next.findIndex(({ inode }) => inode === last.inode);
      closeAll(chain);
      chain = next;
      if (at === next.length - 1) return;
      chain = next.slice(at + 1);
      closeAll(next.slice(0, at + 1));
      starts = [];
      // The file read last is gone (compressed or deleted): what is left is read again from the place that was reached.
      mark = at === -1 ? place.mark() : undefined;
    }
  } finally {
    closeAll(chain);
  }
}

function closeAll(files: readonly OpenFile[]): void {
  for (const { fd } of files) closeSync(fd);
}

/** Bytes read; 0 at the end of the file. */
function readAt(fd: number, block: Buffer, length: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    readFd(fd, block, 0, length, position, (error, bytes) => (error ? reject(error) : resolve(bytes)));
  });
}

/** Rotated files, newest first. */
function rotatedFiles(path: string): readonly { readonly file: string; readonly number: number }[] {
  const name = basename(path);
  const folder = dirname(path);
  if (!existsSync(folder)) return [];
  const numbered = readdirSync(folder).flatMap((file) => {
    const number = file.startsWith(`${name}.`) ? /^(\d+)(?:\.gz)?$/.exec(file.slice(name.length + 1))?.[1] : undefined;
    return number === undefined ? [] : [{ file: join(folder, file), number: Number(number) }];
  });
  return numbered.sort((a, b) => a.number - b.number);
}

/**
 * Every file of the log, oldest first. They are opened from the newest to the oldest: a rotation meanwhile moves files the same way, so one can
 * be met twice, which its inode tells, but none is missed. Synchronous, so that there is hardly a meanwhile.
 */
function openChain(path: string): OpenFile[] {
  const files: OpenFile[] = [];
  const add = (file: string): boolean => {
    const fd = openIfThere(file);
    if (fd === undefined) return false;
    const inode = fstatSync(fd).ino;
    if (files.some((known) => known.inode === inode)) closeSync(fd);
    else files.unshift({ fd, inode, compressed: file.endsWith('.gz') });
    return true;
  };
  add(path);
  const highest = rotatedFiles(path).at(-1)?.number ?? 0;
  for (let number = 1; number <= highest + 1; number++) if (!add(`${path}.${number}`)) add(`${path}.${number}.gz`);
  return files;
}

/** With `stopped`, waits until there is a log. */
async function openWhenThere(path: string, options: ReadLogOptions, ended: End): Promise<OpenFile[]> {
  while (true) {
    const { over } = ended;
    const chain = openChain(path);
    if (chain.length > 0 || over || !options.stopped) return chain;
    await Promise.race([ended.promise, delay(100)]);
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** How far reading has come: the time of the last record and how many records with just that time were given out. */
interface Place {
  readonly time: string;
  readonly count: number;
}

function createPlace() {
  let time = '';
  let count = 0;
  return {
    mark: (): Place => ({ time, count }),
    pass(record: LogFileRecord): void {
      count = record.time === time ? count + 1 : 1;
      time = record.time;
    },
  };
}

/** `after` leaves out what was given out already: everything up to that place. */
async function* toRecords(
  lines: AsyncIterable<string>,
  place: ReturnType<typeof createPlace>,
  after: Place | undefined,
): AsyncIterable<LogFileRecord> {
  let same = 0;
  for await (const line of lines) {
    const record = parseRecord(line);
    if (!record) continue;
    if (after && record.time < after.time) continue;
    if (after && record.time === after.time && ++same <= after.count) continue;
    place.pass(record);
    yield record;
  }
}

/** Where to begin in each file so that `tail` lines are left: a byte for plain files, a line for compressed ones. */
async function planTail(chain: readonly OpenFile[], tail: number | undefined): Promise<number[]> {
  if (tail === undefined) return [];
  const starts: number[] = [];
  let missing = tail;
  for (const file of chain.toReversed()) {
    const last = file.compressed ? await lastOfCompressed(file, missing) : await lastOfPlain(file.fd, missing);
    starts.unshift(last.start);
    missing -= last.lines;
  }
  return starts;
}

interface LastLines {
  readonly start: number;
  /** How many there are after `start`, at most as many as wanted. */
  readonly lines: number;
}

async function lastOfCompressed(file: OpenFile, wanted: number): Promise<LastLines> {
  if (wanted <= 0) return { start: Number.POSITIVE_INFINITY, lines: 0 };
  let total = 0;
  for await (const _ of wholeLines(file, 0)) total++;
  return { start: Math.max(0, total - wanted), lines: Math.min(total, wanted) };
}

/** Reads backwards, block by block. */
async function lastOfPlain(fd: number, wanted: number): Promise<LastLines> {
  const { size } = fstatSync(fd);
  if (wanted <= 0) return { start: size, lines: 0 };
  const block = Buffer.alloc(BLOCK_BYTES);
  let ends = 0;
  let position = size;
  while (position > 0) {
    const length = Math.min(BLOCK_BYTES, position);
    position -= length;
    const bytesRead = await readAt(fd, block, length, position);
    for (let i = bytesRead - 1; i >= 0; i--) {
      if (block[i] !== NEWLINE) continue;
      if (ends === wanted) return { start: position + i + 1, lines: wanted };
      ends++;
    }
  }
  return { start: 0, lines: ends };
}

/** Lines of a file that grows no more (or of which later growth does not matter). */
async function* wholeLines(file: OpenFile, start: number): AsyncIterable<string> {
  if (!file.compressed) return yield* plainLines(file.fd, start);
  let number = 0;
  if (start === Number.POSITIVE_INFINITY) return;
  for await (const line of compressedLines(file.fd)) if (number++ >= start) yield line;
}

async function* plainLines(fd: number, start: number): AsyncIterable<string> {
  const splitter = createSplitter();
  const block = Buffer.alloc(BLOCK_BYTES);
  for (let position = start; ; ) {
    const bytesRead = await readAt(fd, block, BLOCK_BYTES, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield* splitter.push(block.subarray(0, bytesRead));
  }
}

async function* blocksOf(fd: number): AsyncIterable<Uint8Array> {
  for (let position = 0; ; ) {
    const block = Buffer.alloc(BLOCK_BYTES);
    const bytesRead = await readAt(fd, block, BLOCK_BYTES, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield block.subarray(0, bytesRead);
  }
}

/** What can be read of a file cut short by a crash is given out. */
async function* compressedLines(fd: number): AsyncIterable<string> {
  const splitter = createSplitter();
  const source = Readable.from(blocksOf(fd));
  const stream = source.pipe(createGunzip());
  source.on('error', (error) => stream.destroy(error));
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) yield* splitter.push(chunk);
  } catch (error) {
    if (!errnoOf(error)?.startsWith('Z_')) throw error;
  } finally {
    stream.destroy();
    source.destroy();
  }
}

/** Lines from an offset on, waiting for more at the end. Ends when the container has stopped or the file was renamed away, and it is read. */
async function* growingLines(
  file: OpenFile,
  start: number,
  path: string,
  options: ReadLogOptions,
  ended: End,
): AsyncIterable<string> {
  const { fd } = file;
  const splitter = createSplitter();
  const block = Buffer.alloc(BLOCK_BYTES);
  let position = start;
  using news = watchFolder(path);
  while (!options.signal.aborted) {
    // Asked before reading, so that an end seen afterwards is final.
    const final = ended.over || isMoved(file, path);
    const heard = news.next();
    const bytesRead = await readAt(fd, block, BLOCK_BYTES, position);
    if (bytesRead > 0) {
      position += bytesRead;
      yield* splitter.push(block.subarray(0, bytesRead));
      continue;
    }
    if (fstatSync(fd).size < position) {
      // A log of one file is emptied when it is full.
      position = 0;
      splitter.clear();
      continue;
    }
    if (final) return;
    await Promise.race([ended.promise, heard, delay(POLL_MS)]);
  }
}

/** True when the path names another file by now. */
function isMoved({ inode }: OpenFile, path: string): boolean {
  const now = statSync(path, { throwIfNoEntry: false });
  return now !== undefined && now.ino !== inode;
}

interface End {
  readonly over: boolean;
  readonly promise: Promise<void>;
}

/** When there is nothing more to wait for. */
function endOf(options: ReadLogOptions): End {
  const { promise, resolve } = Promise.withResolvers<void>();
  const state = { over: false, promise };
  const end = (): void => {
    state.over = true;
    resolve();
  };
  void options.stopped?.then(end, end);
  if (options.signal.aborted) end();
  else options.signal.addEventListener('abort', end, { once: true });
  return state;
}

function watchFolder(path: string): { next(): Promise<void> } & Disposable {
  let wake = Promise.withResolvers<void>();
  const watcher = watch(dirname(path), () => {
    wake.resolve();
    wake = Promise.withResolvers<void>();
  });
  watcher.on('error', () => undefined);
  return { next: () => wake.promise, [Symbol.dispose]: () => watcher.close() };
}

function createSplitter() {
  let rest = Buffer.alloc(0);
  return {
    clear(): void {
      rest = Buffer.alloc(0);
    },
    *push(chunk: Uint8Array): Iterable<string> {
      rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
      let start = 0;
      for (let end = rest.indexOf(NEWLINE); end !== -1; end = rest.indexOf(NEWLINE, start)) {
        yield rest.toString('utf8', start, end);
        start = end + 1;
      }
      rest = rest.length - start > LINE_MAX_BYTES ? Buffer.alloc(0) : rest.subarray(start);
    },
  };
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
