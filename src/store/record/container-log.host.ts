import { createReadStream, existsSync, readdirSync, rmSync, watch } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
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
      for (const file of rotatedFiles(path)) rmSync(file, { force: true });
      rmSync(path, { force: true });
    },
  };
}

/** Rotated files, oldest first. */
function rotatedFiles(path: string): readonly string[] {
  const name = basename(path);
  const folder = dirname(path);
  if (!existsSync(folder)) return [];
  const numbered = readdirSync(folder).flatMap((file) => {
    const number = file.startsWith(`${name}.`) ? /^(\d+)(?:\.gz)?$/.exec(file.slice(name.length + 1))?.[1] : undefined;
    return number === undefined ? [] : [{ file: join(folder, file), number: Number(number) }];
  });
  return numbered.sort((a, b) => b.number - a.number).map(({ file }) => file);
}

async function* read(path: string, options: ReadLogOptions): AsyncIterable<LogFileRecord> {
  for await (const record of readAll(path, options)) {
    if (options.signal.aborted) return;
    if (options.sinceNanos !== undefined && toNanos(record.time) < options.sinceNanos) continue;
    if (options.untilNanos !== undefined && toNanos(record.time) > options.untilNanos) return;
    yield record;
  }
}

async function* readAll(path: string, options: ReadLogOptions): AsyncIterable<LogFileRecord> {
  const place = createPlace();
  let live = await openLive(path, options);
  const plan = await planTail(path, live, options.tail);
  try {
    for (const { file, skip } of plan.rotated) yield* toRecords(skipLines(linesOfFile(file), skip), place);
    while (true) {
      if (live) yield* toRecords(growingLines(live, plan.offset, options, path), place);
      if (options.signal.aborted || !options.stopped || !live) return;
      const next = await openRotated(path, live);
      if (!next) return;
      await live.close();
      live = undefined;
      const mark = place.mark();
      if (next.missed) for (const file of rotatedFiles(path)) yield* toRecords(linesOfFile(file), place, mark);
      live = next.file;
      plan.offset = 0;
    }
  } finally {
    await live?.close();
  }
}

/** The live file; with `stopped`, waits until it is made. */
async function openLive(path: string, options: ReadLogOptions): Promise<FileHandle | undefined> {
  const ended = endOf(options);
  while (true) {
    const over = ended.over;
    const file = await openIfThere(path);
    if (file || over || !options.stopped) return file;
    await Promise.race([ended.promise, delay(100)]);
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** After the end of a file that was renamed away: the new live file, and whether whole files may lie between the two. */
async function openRotated(
  path: string,
  old: FileHandle,
): Promise<{ readonly file: FileHandle; readonly missed: boolean } | undefined> {
  const file = await openIfThere(path);
  if (!file) return undefined;
  const [before, now] = await Promise.all([old.stat(), file.stat()]);
  if (before.ino === now.ino && now.nlink > 0) {
    await file.close();
    return undefined;
  }
  const first = await openIfThere(`${path}.1`);
  const missed = first === undefined || (await first.stat()).ino !== before.ino;
  await first?.close();
  return { file, missed };
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
  after?: Place,
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

/** Where to begin so that `tail` lines are left, without reading what lies before. */
async function planTail(path: string, live: FileHandle | undefined, tail: number | undefined) {
  const rotated = rotatedFiles(path);
  if (tail === undefined) return { rotated: rotated.map((file) => ({ file, skip: 0 })), offset: 0 };
  const back = live ? await offsetOfLastLines(live, tail) : { offset: 0, lines: 0 };
  const chosen: { file: string; skip: number }[] = [];
  let missing = tail - back.lines;
  for (const file of rotated.toReversed()) {
    if (missing <= 0) break;
    let lines = 0;
    for await (const _ of linesOfFile(file)) lines++;
    chosen.unshift({ file, skip: Math.max(0, lines - missing) });
    missing -= lines;
  }
  return { rotated: chosen, offset: back.offset };
}

/** Reads backwards, block by block. `lines` is how many were found when there are fewer than `wanted`. */
async function offsetOfLastLines(
  file: FileHandle,
  wanted: number,
): Promise<{ readonly offset: number; readonly lines: number }> {
  const { size } = await file.stat();
  const block = Buffer.alloc(BLOCK_BYTES);
  let ends = 0;
  let position = size;
  if (wanted <= 0) return { offset: size, lines: 0 };
  while (position > 0) {
    const length = Math.min(BLOCK_BYTES, position);
    position -= length;
    const { bytesRead } = await file.read(block, 0, length, position);
    for (let i = bytesRead - 1; i >= 0; i--) {
      if (block[i] !== NEWLINE) continue;
      if (ends === wanted) return { offset: position + i + 1, lines: wanted };
      ends++;
    }
  }
  return { offset: 0, lines: ends };
}

async function* skipLines(lines: AsyncIterable<string>, count: number): AsyncIterable<string> {
  let seen = 0;
  for await (const line of lines) if (seen++ >= count) yield line;
}

async function* linesOfFile(path: string): AsyncIterable<string> {
  const splitter = createSplitter();
  const source = createReadStream(path);
  const stream = path.endsWith('.gz') ? source.pipe(createGunzip()) : source;
  source.on('error', (error) => stream.destroy(error));
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) yield* splitter.push(chunk);
  } catch (error) {
    // Rotated away while it was opened, or cut by a crash: what could be read is given out.
    if (errnoOf(error) !== 'ENOENT' && !errnoOf(error)?.startsWith('Z_')) throw error;
  } finally {
    stream.destroy();
    source.destroy();
  }
}

/** Lines from an offset on; with `stopped`, waits for more at the end. Ends when the file was renamed away and is read. */
async function* growingLines(
  file: FileHandle,
  offset: number,
  options: ReadLogOptions,
  path: string,
): AsyncIterable<string> {
  const splitter = createSplitter();
  const block = Buffer.alloc(BLOCK_BYTES);
  const ended = endOf(options);
  let position = offset;
  using news = options.stopped ? watchFolder(path) : undefined;
  while (!options.signal.aborted) {
    const over = ended.over;
    const moved = options.stopped !== undefined && !over && (await isMoved(file, path));
    const heard = news?.next();
    const { bytesRead } = await file.read(block, 0, BLOCK_BYTES, position);
    if (bytesRead > 0) {
      position += bytesRead;
      yield* splitter.push(block.subarray(0, bytesRead));
      continue;
    }
    if (!options.stopped || moved) return;
    if ((await file.stat()).size < position) {
      position = 0;
      splitter.clear();
      continue;
    }
    if (over) return;
    await Promise.race([ended.promise, heard, delay(POLL_MS)]);
  }
}

/** True when the path names another file by now (or none). Asked before reading on, so that an end seen afterwards is final. */
async function isMoved(file: FileHandle, path: string): Promise<boolean> {
  const now = await openIfThere(path);
  if (!now) return false;
  try {
    return (await now.stat()).ino !== (await file.stat()).ino;
  } finally {
    await now.close();
  }
}

/** Resolves when there is nothing more to wait for. */
function endOf(options: ReadLogOptions): { over: boolean; readonly promise: Promise<void> } {
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
      rest = Buffer.concat([rest, chunk]);
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
