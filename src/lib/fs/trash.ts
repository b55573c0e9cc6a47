import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../errors.ts';

/**
 * A folder for what is to be removed: putting a tree there is one rename, so it is gone from its place all at once, whatever happens
 * next; taking its files away is slow and may be done by whoever comes later, also by the next daemon.
 */
export interface Trash {
  /** Renames a file or folder of the same file system into it, synchronously; fine when it is not there. Errors: those of rename(2). */
  put(path: string): void;
  /** Removes what lies in it. Resolves when what was there at the call is gone; what cannot be removed is reported, and tried again by the next call. */
  empty(): Promise<void>;
}

/** `report` hears of what could not be removed. */
export function createTrash(folder: string, report: (what: string, error: unknown) => void): Trash {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const removals = new Map<string, Promise<void>>();
  // One that is gone already is what was wanted: the runtime's rm does not always say so.
  const removeOne = async (name: string): Promise<void> => {
    try {
      await rm(join(folder, name), { recursive: true, force: true });
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') report(`removing ${join(folder, name)}`, error);
    }
  };
  const remove = (name: string): Promise<void> => {
    const running = removals.get(name);
    if (running) return running;
    const removal = removeOne(name).finally(() => removals.delete(name));
    removals.set(name, removal);
    return removal;
  };
  return {
    put(path) {
      try {
        renameSync(path, join(folder, randomUUID()));
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT') throw error;
      }
    },
    empty: async () => void (await Promise.all(readdirSync(folder).map(remove))),
  };
}
