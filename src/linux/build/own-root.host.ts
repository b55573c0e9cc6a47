import { closeSync, mkdirSync, openSync } from 'node:fs';
import {
  CLONE_FS,
  CLONE_NEWNS,
  chroot,
  fchdir,
  MNT_DETACH,
  mount,
  setUmask,
  unmount,
  unshare,
} from '../ffi/libc.host.ts';
import type { OverlayLayers } from '../files/view.ts';
import { MS } from '../mount/mount-flags.ts';
import { createMounter } from '../mount/mounter.host.ts';
import type { PackView, TreeView } from './build-files.ts';

/** Where a thread's trees are while it works: the tree to write, and the one to read. */
export const TARGET = '/d';
export const SOURCE = '/s';

export interface Trees {
  readonly target?: OverlayLayers;
  readonly source?: Exclude<TreeView, PackView>;
}

/** A thread's roots: its own for a piece of work, the process's between them. */
export interface OwnRoot {
  /** Runs `work` with `/d` and `/s`. Asynchronous work makes only synchronous calls on files. */
  within<T>(
    trees: Trees,
    folders: { readonly place: string; readonly empty: string },
    work: () => Promise<T>,
  ): Promise<T>;
  /** Runs `work` with an existing folder as the root. */
  inside<T>(folder: string, work: () => Promise<T>): Promise<T>;
  /** Before the thread ends. */
  close(): void;
}

/** Once for a thread: from now on its root, umask and mounts are its own. */
export function createOwnRoot(): OwnRoot {
  unshare(CLONE_FS | CLONE_NEWNS);
  const old = openSync('/', 'r'); // of the new namespace: in the other one nothing can be mounted from here
  setUmask(0);
  mount('none', '/', 'none', MS.REC | MS.PRIVATE);
  const back = (): void => {
    fchdir(old);
    chroot('.');
  };
  return {
    async within({ target, source }, { place, empty }, work) {
      mount('tmpfs', place, 'tmpfs', MS.NOSUID | MS.NODEV, 'size=64k,mode=700');
      try {
        mkdirSync(`${place}${TARGET}`);
        mkdirSync(`${place}${SOURCE}`);
        if (target) createMounter().overlay(`${place}${TARGET}`, target);
        if (source) mountSource(source, `${place}${SOURCE}`, empty);
        chroot(place);
        try {
          return await work();
        } finally {
          back();
        }
      } finally {
        for (const path of [`${place}${TARGET}`, `${place}${SOURCE}`, place]) leave(path);
      }
    },
    close: () => closeSync(old),
    async inside(folder, work) {
      chroot(folder);
      try {
        return await work();
      } finally {
        back();
      }
    },
  };
}

function mountSource(source: Exclude<TreeView, PackView>, at: string, empty: string): void {
  if (source.kind === 'layers') return createMounter().overlay(at, { lower: [...source.lower, empty] });
  mount(source.path, at, 'none', MS.BIND);
  mount('none', at, 'none', MS.BIND | MS.REMOUNT | MS.RDONLY);
}

function leave(path: string): void {
  try {
    unmount(path, MNT_DETACH);
  } catch {
    // not mounted yet, when making it failed
  }
}
