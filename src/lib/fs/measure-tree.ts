import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../errors.ts';

/** What a tree of files takes. A file with several names counts once. */
export interface TreeSize {
  /** Everything that is no folder. */
  readonly files: number;
  readonly folders: number;
  /** Lengths of everything that is no folder (st_size), holes included: what the files hold. */
  readonly fileBytes: number;
  /** The same with the folders' own: what `du --apparent-size` counts. */
  readonly apparentBytes: number;
  /** Allocated blocks of files and folders (st_blocks times 512): what `du` counts. */
  readonly diskBytes: number;
}

export const NOTHING: TreeSize = { files: 0, folders: 0, fileBytes: 0, apparentBytes: 0, diskBytes: 0 };

export function addSizes(a: TreeSize, b: TreeSize): TreeSize {
  return {
    files: a.files + b.files,
    folders: a.folders + b.folders,
    fileBytes: a.fileBytes + b.fileBytes,
    apparentBytes: a.apparentBytes + b.apparentBytes,
    diskBytes: a.diskBytes + b.diskBytes,
  };
}

/**
 * Measures what is at and below a path, not following links; nothing when it is not there. What vanishes meanwhile does not count. `seen`
 * holds the files with several names that were counted already, so that trees that share some are counted together. Errors: those of
 * lstat(2) and readdir(3) but for what is gone.
 */
export async function measureTree(path: string, seen = new Set<string>()): Promise<TreeSize> {
  const info = await ifThere(lstat(path));
  if (!info) return NOTHING;
  const diskBytes = info.blocks * 512;
  if (!info.isDirectory()) {
    const identity = `${info.dev}:${info.ino}`;
    if (info.nlink > 1 && seen.has(identity)) return NOTHING;
    if (info.nlink > 1) seen.add(identity);
    return { files: 1, folders: 0, fileBytes: info.size, apparentBytes: info.size, diskBytes };
  }
  let total: TreeSize = { files: 0, folders: 1, fileBytes: 0, apparentBytes: info.size, diskBytes };
  for (const name of (await ifThere(readdir(path))) ?? [])
    total = addSizes(total, await measureTree(join(path, name), seen));
  return total;
}

async function ifThere<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}
