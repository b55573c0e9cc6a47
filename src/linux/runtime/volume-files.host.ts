import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { KnownError } from '../../lib/errors.ts';
import { resolveInRoot } from './rooted-path.host.ts';
import type { VolumeFiles } from './volume-files.ts';

export function createVolumeFiles(deps: { readonly root: string }): VolumeFiles {
  mkdirSync(deps.root, { recursive: true, mode: 0o701 });
  const path = (name: string): string => join(deps.root, name, '_data');
  return {
    path,
    make: (name) => void mkdirSync(path(name), { recursive: true, mode: 0o755 }),
    remove: async (name) => await rm(join(deps.root, name), { recursive: true, force: true }),
    async sizeBytes(name) {
      const entries = await readdir(path(name), { recursive: true, withFileTypes: true });
      const sizes = await Promise.all(
        entries
          .filter((entry) => entry.isFile())
          .map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size),
      );
      return sizes.reduce((sum, size) => sum + size, 0);
    },
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
