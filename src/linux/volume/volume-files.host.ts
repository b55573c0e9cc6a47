import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, renameSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, KnownError, wrapError } from '../../lib/errors.ts';
import { measureTree } from '../../lib/fs/measure-tree.ts';
import type { Trash } from '../../lib/fs/trash.ts';
import { syncfs } from '../ffi/libc.host.ts';
import type { Mounter } from '../mount/mounter.ts';
import { resolveInRoot } from '../runtime/rooted-path.host.ts';
import { mountDevice } from './mount-device.host.ts';
import type { VolumeFiles } from './volume-files.ts';

const DRAFTS = '.new';

/** `trash` is on the file system of `root`. */
export function createVolumeFiles(deps: {
  readonly root: string;
  readonly trash: Trash;
  readonly mounter: Mounter;
}): VolumeFiles {
  const { root, trash, mounter } = deps;
  const drafts = join(root, DRAFTS);
  mkdirSync(root, { recursive: true, mode: 0o701 });
  mkdirSync(drafts, { recursive: true, mode: 0o700 });
  const path = (name: string): string => join(root, name, '_data');
  const draft = (id: string): string => join(drafts, id, '_data');
  const makeDraft = (id: string): string => {
    mkdirSync(draft(id), { recursive: true, mode: 0o755 });
    return draft(id);
  };
  const syncDraft = async (id: string): Promise<void> => {
    const fd = openSync(draft(id), 'r');
    try {
      syncfs(fd);
    } finally {
      closeSync(fd);
    }
  };
  return {
    path,
    make: (name) => void mkdirSync(path(name), { recursive: true, mode: 0o755 }),
    list: () => readdirSync(root).filter((name) => name !== DRAFTS),
    discard(name) {
      try {
        trash.put(join(root, name));
      } catch (error) {
        throw wrapError(error, `removing the files of volume ${name}`);
      }
    },
    emptyTrash: () => trash.empty(),
    removeEmpty: (name) => removeIfEmpty(join(root, name)),
    rename: (from, to) => move(join(root, from), join(root, to)),
    sizeBytes: async (folder) => (await measureTree(folder)).fileBytes,
    async copyUp(target, rootfs, imagePath) {
      const source = resolveInRoot(rootfs, imagePath);
      if (!existsSync(source) || !statSync(source).isDirectory() || readdirSync(target).length > 0) return;
      await copyTree(source, target, `copying ${imagePath} into a volume`);
    },
    async fill(name, rootfs, imagePath) {
      const source = resolveInRoot(rootfs, imagePath);
      if (!existsSync(source) || !statSync(source).isDirectory() || readdirSync(path(name)).length > 0) return;
      const id = randomUUID();
      try {
        await copyTree(source, makeDraft(id), `copying ${imagePath} into volume ${name}`);
        renameSync(draft(id), path(name)); // over an empty folder: rename(2)
      } finally {
        trash.put(join(drafts, id));
        await trash.empty();
      }
    },
    draft,
    makeDraft,
    syncDraft,
    async copyToDraft(source, id, signal) {
      await copyTree(source, makeDraft(id), 'copying a volume', signal);
      await syncDraft(id);
    },
    settleDraft: (id, name) => move(join(drafts, id), join(root, name)),
    discardDraft: (id) => trash.put(join(drafts, id)),
    listDrafts: () => readdirSync(drafts),
    mountDevice: async (name, what) => await mountDevice(mounter, path(name), what),
    unmountDevice(name) {
      // Somebody may have mounted more on top of it.
      for (const point of mounter.list(path(name))) mounter.unmount(point, { lazy: true });
    },
    isMounted: (name) => mounter.list(path(name)).includes(path(name)),
  };
}

function removeIfEmpty(folder: string): boolean {
  try {
    if (existsSync(join(folder, '_data'))) rmdirSync(join(folder, '_data'));
    rmdirSync(folder);
    return true;
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EBUSY'].includes(errnoOf(error) ?? '')) return false;
    throw error;
  }
}

/** rename(2), unless it has been done. */
function move(from: string, to: string): void {
  if (!existsSync(from) && existsSync(to)) return;
  renameSync(from, to);
}

/** Owners, modes, times, links and extended attributes as they are; holes stay holes. Cancelling ends it, with what is there left. */
async function copyTree(source: string, target: string, doing: string, signal?: AbortSignal): Promise<void> {
  const child = Bun.spawn(['cp', '-a', '--reflink=auto', '--', `${source}/.`, target], {
    stdout: 'ignore',
    stderr: 'pipe',
    ...(signal && { signal }),
  });
  const [status, stderr] = await Promise.all([child.exited, new Response(child.stderr).text()]);
  signal?.throwIfAborted();
  if (status !== 0) throw new KnownError('system', `${doing}: ${stderr.slice(-4096).trim()}`);
}
