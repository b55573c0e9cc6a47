import { existsSync, mkdirSync, readdirSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, KnownError, wrapError } from '../../lib/errors.ts';
import { measureTree } from '../../lib/fs/measure-tree.ts';
import type { Trash } from '../../lib/fs/trash.ts';
import { resolveInRoot } from './rooted-path.host.ts';
import type { VolumeFiles } from './volume-files.ts';

/** `trash` is on the file system of `root`. */
export function createVolumeFiles(deps: { readonly root: string; readonly trash: Trash }): VolumeFiles {
  mkdirSync(deps.root, { recursive: true, mode: 0o701 });
  const path = (name: string): string => join(deps.root, name, '_data');
  return {
    path,
    make: (name) => void mkdirSync(path(name), { recursive: true, mode: 0o755 }),
    list: () => readdirSync(deps.root),
    discard(name) {
      try {
        deps.trash.put(join(deps.root, name));
      } catch (error) {
        throw wrapError(error, `removing the files of volume ${name}`);
      }
    },
    emptyTrash: () => deps.trash.empty(),
    removeEmpty(name) {
      try {
        if (existsSync(path(name))) rmdirSync(path(name));
        rmdirSync(join(deps.root, name));
        return true;
      } catch (error) {
        if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EBUSY'].includes(errnoOf(error) ?? '')) return false;
        throw error;
      }
    },
    sizeBytes: async (name) => (await measureTree(path(name))).fileBytes,
    async copyUp(name, rootfs, imagePath) {
      const source = resolveInRoot(rootfs, imagePath);
      if (!existsSync(source) || !statSync(source).isDirectory() || readdirSync(path(name)).length > 0) return;
      const child = Bun.spawn(['cp', '-a', '--', `${source}/.`, path(name)], { stdout: 'ignore', stderr: 'pipe' });
      const [status, stderr] = await Promise.all([child.exited, new Response(child.stderr).text()]);
      if (status !== 0)
        throw new KnownError('system', `copying ${imagePath} into volume ${name}: ${stderr.slice(-4096).trim()}`);
    },
  };
}
