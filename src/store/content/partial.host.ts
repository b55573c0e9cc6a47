import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, opendir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, isKind, KnownError } from '../../lib/errors.ts';
import type { ContentStore } from './content-store.ts';
import { createGrowth } from './growth.ts';

type Fetch = Parameters<ContentStore['resume']>;

/**
 * Completes the file at `path` from what it has: its bytes are hashed, the rest comes from the source. When this returns the
 * file is whole, verified and durable. What is cut off stays for the next time; what is wrong, and what a full disk took the
 * half of, does not.
 */
export async function fetchPartial(
  path: string,
  descriptor: Fetch[0],
  source: Fetch[1],
  options: Fetch[2],
): Promise<void> {
  const had = await sizeAt(path);
  try {
    await complete(path, descriptor, source, options);
  } catch (error) {
    const nothing = (await sizeAt(path)) === 0;
    if (!nothing && !isKind(error, 'data_loss') && errnoOf(error) !== 'ENOSPC') throw error;
    await rm(path, { force: true });
    if (had === 0 || !isKind(error, 'data_loss')) throw error;
    // The beginning may be what was wrong (a power failure): once more from the first byte.
    await fetchPartial(path, descriptor, source, { ...options, onOpen: () => undefined });
  }
}

async function complete(
  path: string,
  { digest, size }: Fetch[0],
  source: Fetch[1],
  { signal, onProgress, onOpen }: Fetch[2],
): Promise<void> {
  const hash = createHash('sha256');
  const file = await open(path, 'a', 0o644);
  const growth = createGrowth(path);
  try {
    let have = await hashFile(path, hash);
    if (have > size) throw mismatch('size', `more than ${size}`, size);
    if (have > 0) onProgress?.(have);
    growth.reach(have);
    onOpen?.(growth.blob);
    for await (const chunk of source(have)) {
      signal.throwIfAborted();
      have += chunk.byteLength;
      if (have > size) throw mismatch('size', `more than ${size}`, size);
      hash.update(chunk);
      await file.writeFile(chunk);
      growth.reach(have);
      onProgress?.(have);
    }
    const found = `sha256:${hash.digest('hex')}`;
    if (have !== size) throw mismatch('size', have, size);
    if (found !== digest) throw mismatch('digest', found, digest);
    growth.end();
    await file.sync();
  } catch (error) {
    growth.fail(error);
    throw error;
  } finally {
    await file.close();
  }
}

async function hashFile(path: string, hash: Hash): Promise<number> {
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.byteLength;
  }
  return bytes;
}

async function sizeAt(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 0;
    throw error;
  }
}

/** Removes the files of a folder that were last written before a time; resolves with their bytes. */
export async function dropOld(folder: string, beforeMs: number): Promise<number> {
  let dropped = 0;
  for await (const { name } of await opendir(folder)) {
    const path = join(folder, name);
    const { mtimeMs, size } = await stat(path);
    if (mtimeMs >= beforeMs) continue;
    await rm(path, { force: true });
    dropped += size;
  }
  return dropped;
}

function mismatch(what: string, got: string | number, wanted: string | number): KnownError {
  return new KnownError('data_loss', `content has ${what} ${got}, expected ${wanted}`);
}
