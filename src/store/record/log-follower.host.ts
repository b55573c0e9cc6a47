import { createHash } from 'node:crypto';
import { fstatSync, readFileSync, readSync, renameSync, writeFileSync } from 'node:fs';
import { parseRecord, toNanos } from './container-log.ts';
import { blocksOf, closeAll, isMoved, type OpenFile, openChain, readTrailer } from './log/chain.host.ts';
import { delay, type End, endOf, watchFolder } from './log/growth.host.ts';
import { unpackedBlocks } from './log/lines.host.ts';
import type { FollowedRecord, LogBatch, LogFollower, LogPlace } from './log-follower.ts';

/** Longest wait for news when the file system does not tell of changes. */
const POLL_MS = 500;
/** Anything longer without a line feed is no record. */
const LINE_MAX_BYTES = 1024 * 1024;
const NEWLINE = 10;

export function createLogFollower(): LogFollower {
  return {
    follow,
    endOf(path) {
      const chain = openChain(path);
      try {
        const last = chain.at(-1);
        const head = last && !last.compressed ? headSync(last.fd) : undefined;
        if (!last || head === undefined) return undefined;
        return { inode: last.inode, head, offset: fstatSync(last.fd).size };
      } finally {
        closeAll(chain);
      }
    },
    waitingBytes,
    loadPlace,
    savePlace(file, place) {
      writeFileSync(`${file}.tmp`, JSON.stringify(place), { mode: 0o600 });
      renameSync(`${file}.tmp`, file);
    },
  };
}

async function waitingBytes(path: string, from: LogPlace | undefined): Promise<number> {
  const chain = openChain(path);
  try {
    const found = from === undefined ? -1 : await locate(from, chain);
    const behind = chain.slice(Math.max(0, found)).reduce((sum, file) => sum + unpackedSize(file), 0);
    return behind - (found === -1 ? 0 : (from?.offset ?? 0));
  } finally {
    closeAll(chain);
  }
}

function unpackedSize({ fd, compressed }: OpenFile): number {
  return compressed ? (readTrailer(fd)?.size ?? 0) : fstatSync(fd).size;
}

function loadPlace(file: string): LogPlace | undefined {
  try {
    const { inode, head, offset } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    if (typeof inode !== 'number' || typeof head !== 'string' || typeof offset !== 'number') return undefined;
    return { inode, head, offset };
  } catch {
    return undefined;
  }
}

/** Round after round over the files there are: each ends when the newest has been renamed and read, or the container has stopped. */
async function* follow(
  path: string,
  from: LogPlace | undefined,
  options: { readonly stopped: Promise<unknown>; readonly signal: AbortSignal },
): AsyncIterable<LogBatch> {
  const ended = endOf(options);
  let place = from;
  while (!options.signal.aborted) {
    const { over } = ended;
    const chain = openChain(path);
    try {
      const found = place === undefined ? 0 : await locate(place, chain);
      let lost = found === -1;
      for (const [at, file] of chain.entries()) {
        if (at < found) continue;
        const offset = at === found ? (place?.offset ?? 0) : 0;
        for await (const { records, end, head } of piecesOf(
          file,
          offset,
          file === chain.at(-1) ? { path, ended } : undefined,
        )) {
          if (options.signal.aborted) return;
          const next: LogPlace = { inode: file.inode, head, offset: end };
          yield { records, next, lost };
          place = next;
          lost = false;
        }
        if (options.signal.aborted) return;
      }
      if (over && !isNewer(chain.at(-1), path)) return;
    } finally {
      closeAll(chain);
    }
    if (!ended.over && chain.length === 0) await Promise.race([ended.promise, delay(100)]);
  }
}

/** The log goes on in another file than the last one that was read. */
function isNewer(last: OpenFile | undefined, path: string): boolean {
  return last !== undefined && isMoved(last, path);
}

/** Where the file of a place stands in the chain, -1 when it is deleted. Two files may begin alike: then the inode decides, or the older is taken. */
async function locate(place: LogPlace, chain: readonly OpenFile[]): Promise<number> {
  let found = -1;
  for (const [at, file] of chain.entries()) {
    if ((await headOf(file)) !== place.head) continue;
    if (!file.compressed && fstatSync(file.fd).size < place.offset) continue;
    if (file.inode === place.inode) return at;
    if (found === -1) found = at;
  }
  return found;
}

interface Piece {
  readonly records: readonly FollowedRecord[];
  /** Offset behind the last line. */
  readonly end: number;
  readonly head: string;
}

/** Whole lines from an offset on; of the newest file, those that are still to come, too. */
async function* piecesOf(
  file: OpenFile,
  start: number,
  live: { readonly path: string; readonly ended: End } | undefined,
): AsyncIterable<Piece> {
  if (file.compressed) return yield* lineBlocks(file, skip(unpackedBlocks(file.fd), start), start);
  if (!live) return yield* lineBlocks(file, blocksOf(file.fd, start), start);
  let offset = start;
  using news = watchFolder(live.path);
  while (true) {
    // Asked before reading, so that an end seen afterwards is final.
    const final = live.ended.over || isMoved(file, live.path);
    const heard = news.next();
    const before = offset;
    for await (const piece of lineBlocks(file, blocksOf(file.fd, offset), offset)) {
      offset = piece.end;
      yield piece;
    }
    // A log of one file is emptied when it is full.
    if (fstatSync(file.fd).size < offset) return;
    if (offset > before) continue;
    if (final) return;
    await Promise.race([live.ended.promise, heard, delay(POLL_MS)]);
  }
}

async function* lineBlocks(file: OpenFile, blocks: AsyncIterable<Uint8Array>, start: number): AsyncIterable<Piece> {
  let rest: Buffer = Buffer.alloc(0);
  let end = start;
  let head: string | undefined;
  for await (const block of blocks) {
    rest = rest.length === 0 ? Buffer.from(block) : Buffer.concat([rest, block]);
    const last = rest.lastIndexOf(NEWLINE);
    if (last === -1) {
      if (rest.length <= LINE_MAX_BYTES) continue;
      end += rest.length;
      rest = Buffer.alloc(0);
      continue;
    }
    head ??= (await headOf(file)) ?? '';
    end += last + 1;
    yield { records: rest.toString('utf8', 0, last).split('\n').flatMap(toRecord), end, head };
    rest = rest.subarray(last + 1);
  }
}

async function* skip(blocks: AsyncIterable<Uint8Array>, bytes: number): AsyncIterable<Uint8Array> {
  let left = bytes;
  for await (const block of blocks) {
    if (block.length > left) yield block.subarray(left);
    left = Math.max(0, left - block.length);
  }
}

function toRecord(line: string): readonly FollowedRecord[] {
  const record = parseRecord(line);
  if (!record) return [];
  const nanos = toNanos(record.time);
  const text = Buffer.from(record.line).toString('utf8');
  const isComplete = text.endsWith('\n');
  return [
    {
      stream: record.stream,
      seconds: Number(nanos / 1_000_000_000n),
      nanos: Number(nanos % 1_000_000_000n),
      text: isComplete ? text.slice(0, -1) : text,
      isComplete,
    },
  ];
}

async function headOf(file: OpenFile): Promise<string | undefined> {
  return file.compressed ? await firstLine(unpackedBlocks(file.fd)) : headSync(file.fd);
}

function headSync(fd: number): string | undefined {
  const size = Math.min(fstatSync(fd).size, LINE_MAX_BYTES);
  for (let length = Math.min(size, 1024); length > 0; length = Math.min(size, length * 16)) {
    const bytes = Buffer.alloc(length);
    readSync(fd, bytes, 0, length, 0);
    const end = bytes.indexOf(NEWLINE);
    if (end !== -1) return hashOf(bytes.subarray(0, end));
    if (length === size) return undefined;
  }
  return undefined;
}

async function firstLine(blocks: AsyncIterable<Uint8Array>): Promise<string | undefined> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const block of blocks) {
    rest = Buffer.concat([rest, block]);
    const end = rest.indexOf(NEWLINE);
    if (end !== -1) return hashOf(rest.subarray(0, end));
    if (rest.length > LINE_MAX_BYTES) return undefined;
  }
  return undefined;
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
