import { closeSync, existsSync, fstatSync, openSync, readdirSync, read as readFd, readSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { errnoOf } from '../../../lib/errors.ts';

const BLOCK_BYTES = 64 * 1024;
/** RFC 1952, 2.3.1: CRC-32 and size of what was compressed, 32 bits each, little-endian, are the end of the file. */
const TRAILER_BYTES = 8;
/** How often the files are opened anew because one was rotated meanwhile. */
const OPEN_TRIES = 100;

/** A file of the log, open: what it is called may change while it is read. */
export interface OpenFile {
  readonly fd: number;
  readonly inode: number;
  readonly compressed: boolean;
}

/** Rotated files of the log at `path`, newest first. */
export function rotatedFiles(path: string): readonly { readonly file: string; readonly number: number }[] {
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
 * Every file of the log, oldest first. A rotation between two openings would show a file twice (once compressed), so they are opened anew
 * then. Synchronous, so that this hardly happens.
 */
export function openChain(path: string): readonly OpenFile[] {
  for (let tries = 1; ; tries++) {
    const before = inodeOf(path);
    const files = openFiles(path);
    if (inodeOf(path) === before || tries === OPEN_TRIES) return files;
    closeAll(files);
  }
}

/** From the newest to the oldest: the way a rotation moves them, so that none is missed. */
function openFiles(path: string): OpenFile[] {
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
  // A compressed file beside the plain one is unfinished.
  for (let number = 1; number <= highest + 1; number++) if (!add(`${path}.${number}`)) add(`${path}.${number}.gz`);
  return files;
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

/** True when the path names another file by now: nothing more is written to this one. */
export function isMoved({ inode }: OpenFile, path: string): boolean {
  const now = inodeOf(path);
  return now !== undefined && now !== inode;
}

/**
 * Where `held` stands in the chain, -1 when it has been deleted. While it is held open nothing else has its inode; compressed it is another
 * file, which tells the size and the checksum of what it was made from.
 */
export async function placeInChain(held: OpenFile, chain: readonly OpenFile[]): Promise<number> {
  const same = chain.findIndex(({ inode }) => inode === held.inode);
  if (same !== -1 || held.compressed) return same;
  const { size } = fstatSync(held.fd);
  let checksum: number | undefined;
  for (let at = chain.length - 1; at >= 0; at--) {
    const file = chain[at];
    const made = file?.compressed ? readTrailer(file.fd) : undefined;
    if (made?.size !== size % 2 ** 32) continue;
    checksum ??= await checksumOf(held.fd);
    if (made.checksum === checksum) return at;
  }
  return -1;
}

/** Of a compressed file; undefined when it is cut short. */
export function readTrailer(fd: number): { readonly checksum: number; readonly size: number } | undefined {
  const end = fstatSync(fd).size;
  const trailer = Buffer.alloc(TRAILER_BYTES);
  if (end < TRAILER_BYTES || readSync(fd, trailer, 0, TRAILER_BYTES, end - TRAILER_BYTES) < TRAILER_BYTES)
    return undefined;
  return { checksum: trailer.readUInt32LE(0), size: trailer.readUInt32LE(4) };
}

async function checksumOf(fd: number): Promise<number> {
  let checksum = 0;
  for await (const block of blocksOf(fd, 0)) checksum = crc32(block, checksum);
  return checksum;
}

export function closeAll(files: readonly OpenFile[]): void {
  for (const { fd } of files) closeSync(fd);
}

/** Bytes read; 0 at the end of the file. */
export function readAt(fd: number, block: Buffer, length: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    readFd(fd, block, 0, length, position, (error, bytes) => (error ? reject(error) : resolve(bytes)));
  });
}

/** What is in a file from an offset to its present end, in blocks of 64 KiB at most. */
export async function* blocksOf(fd: number, start: number): AsyncIterable<Uint8Array> {
  for (let position = start; ; ) {
    const block = Buffer.alloc(BLOCK_BYTES);
    const bytesRead = await readAt(fd, block, BLOCK_BYTES, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield block.subarray(0, bytesRead);
  }
}
