import { randomUUID } from 'node:crypto';
import { createReadStream, mkdirSync, rmSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoOf, KnownError } from '../../lib/errors.ts';
import type { Driver } from './driver.ts';
import { LOCK_FILE } from './root-lock.host.ts';

/** Beside `docker/`, on the same file system. */
const TEMPORARY = '.temporary';
const OWN: readonly string[] = [`${TEMPORARY}/`, LOCK_FILE];

/**
 * Files below `root`. Content is written to `<root>/.temporary/<uuid>`, synced and renamed into place; a folder goes away by one
 * rename into `.temporary`. What a crash leaves there is removed at the next start, so a root belongs to one process (see lockRoot).
 */
export function createFilesystemDriver(deps: { readonly root: string }): Driver {
  const { root } = deps;
  const temporary = join(root, TEMPORARY);
  rmSync(temporary, { recursive: true, force: true });
  mkdirSync(temporary, { recursive: true });
  const at = (path: string): string => join(root, path);

  /** Makes the folder of `target` and syncs those above that are new, then runs `place` and syncs the folder. */
  async function placed(target: string, place: () => Promise<void>): Promise<void> {
    const folder = dirname(target);
    try {
      await place();
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      await makeFolder(folder);
      await place();
    }
    await syncFolder(folder);
  }

  return {
    read: async (path) => await found(path, readFile(at(path))),
    async write(path, bytes) {
      const fresh = join(temporary, randomUUID());
      try {
        const file = await open(fresh, 'wx', 0o644);
        try {
          await file.writeFile(bytes);
          await file.sync();
        } finally {
          await file.close();
        }
        await placed(at(path), async () => await rename(fresh, at(path)));
      } catch (error) {
        await rm(fresh, { force: true });
        throw error;
      }
    },
    async stat(path) {
      const info = await unlessMissing(stat(at(path)), undefined);
      return info?.isFile() ? { sizeBytes: info.size, modifiedMs: info.mtimeMs } : undefined;
    },
    async *stream(path, range) {
      if (range && range.end <= range.start) return;
      const options = range ? { start: range.start, end: range.end - 1 } : {};
      const file = await found(path, open(at(path), 'r'));
      try {
        const source = createReadStream('', { ...options, fd: file.fd, autoClose: false, highWaterMark: 256 * 1024 });
        for await (const chunk of source) yield chunk as Uint8Array;
      } finally {
        await file.close();
      }
    },
    async append(path) {
      let file: FileHandle | undefined;
      await placed(at(path), async () => {
        file = await open(at(path), 'a', 0o644);
      });
      const handle = file;
      if (handle === undefined) throw new KnownError('system', `opening ${path} gave no file`);
      return {
        write: async (bytes) => await handle.writeFile(bytes),
        sync: async () => await handle.sync(),
        [Symbol.asyncDispose]: async () => await handle.close(),
      };
    },
    move: async (from, to) => {
      await found(from, stat(at(from)));
      await placed(at(to), async () => await rename(at(from), at(to)));
      await syncFolder(dirname(at(from)));
    },
    async list(path) {
      const entries = await unlessMissing(readdir(at(path), { withFileTypes: true }), []);
      const names = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
      return names.filter((name) => path !== '' || !OWN.includes(name)).sort();
    },
    async remove(path) {
      const info = await unlessMissing(stat(at(path)), undefined);
      if (info === undefined) return;
      if (info.isDirectory()) {
        const doomed = join(temporary, randomUUID());
        await unlessMissing(rename(at(path), doomed), undefined);
        await rm(doomed, { recursive: true, force: true });
      } else {
        await unlessMissing(unlink(at(path)), undefined);
      }
      await unlessMissing(syncFolder(dirname(at(path))), undefined);
    },
    localPath: at,
  };
}

async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let folder = path; folder.length >= first.length; folder = dirname(folder)) await syncFolder(dirname(folder));
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function found<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isMissing(error)) throw new KnownError('not_found', `${path} not found`, { cause: error });
    throw error;
  }
}

async function unlessMissing<T, U>(work: Promise<T>, otherwise: U): Promise<T | U> {
  try {
    return await work;
  } catch (error) {
    if (isMissing(error)) return otherwise;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '');
}
