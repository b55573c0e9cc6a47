import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream';
import { errnoOf, KnownError } from '../../lib/errors.ts';
import { measureTree } from '../../lib/fs/measure-tree.ts';
import type { Trash } from '../../lib/fs/trash.ts';
import { type PackOptions, packTree } from '../../lib/tar/pack.ts';
import { tarEnd } from '../../lib/tar/writer.ts';
import { spreadFolders } from '../files/spread-folders.host.ts';
import type { Mounter } from '../mount/mounter.ts';
import { resolveInRoot } from '../runtime/rooted-path.host.ts';
import { readAttributes } from './attributes.host.ts';
import type { BuildFolder, BuildFolders, StepMount } from './build-folders.ts';

const CACHE = 'cache';

/** `sockets`: a folder whose path is short, for the sockets of agents. */
export function createBuildFolders({
  root,
  sockets,
  mounter,
  trash,
}: {
  readonly root: string;
  readonly sockets: string;
  readonly mounter: Mounter;
  readonly trash: Trash;
}): BuildFolders {
  const caches = join(root, CACHE);
  mkdirSync(caches, { recursive: true, mode: 0o711 });
  spreadFolders(root);
  mkdirSync(sockets, { recursive: true, mode: 0o711 });
  for (const point of mounter.list(root)) mounter.unmount(point, { lazy: true });
  for (const name of readdirSync(root)) if (name !== CACHE) trash.put(join(root, name));
  for (const name of readdirSync(sockets)) rmSync(join(sockets, name), { force: true, recursive: true });
  let counter = 0;
  return {
    create() {
      const folder = join(root, String(++counter));
      mkdirSync(folder, { mode: 0o711 });
      return createFolder(folder, sockets, mounter, trash);
    },
    async cacheFolder(name, { mode, uid, gid, seed }) {
      const folder = join(caches, name);
      if (lstatSync(folder, { throwIfNoEntry: false })) return folder;
      const half = join(root, `${CACHE}-${++counter}`);
      const [upper, work, lower] = [join(half, 'u'), join(half, 'w'), join(half, 'l')];
      for (const path of [upper, work, lower]) mkdirSync(path, { recursive: true, mode: 0o755 });
      chmodSync(upper, mode);
      chownSync(upper, uid, gid);
      await seed?.({ lower: [lower], upper, work });
      moveInto(upper, folder);
      trash.put(half);
      return folder;
    },
    async cacheBytes(name) {
      const path = join(caches, name);
      return lstatSync(path, { throwIfNoEntry: false }) ? (await measureTree(path)).fileBytes : 0;
    },
    removeCache: (name) => trash.put(join(caches, name)),
  };
}

/** Paths below `root` that were missing on the way to `path`, with it; those above it are there now. A file in the way is the runtime's to refuse. */
function makeParents(root: string, path: string): readonly string[] {
  const missing: string[] = [];
  for (let at = path; at !== root && !isThere(at); at = dirname(at)) missing.push(at);
  try {
    for (const folder of missing.slice(1).toReversed()) mkdirSync(folder, { mode: 0o755 });
  } catch (error) {
    if (errnoOf(error) !== 'ENOTDIR') throw error;
  }
  return missing.map((at) => at.slice(root.length));
}

/** A name behind a file is not there. */
function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    if (errnoOf(error) === 'ENOTDIR') return false;
    throw error;
  }
}

/** Another build may have made it meanwhile. */
function moveInto(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (errnoOf(error) !== 'ENOTEMPTY' && errnoOf(error) !== 'EEXIST') throw error;
  }
}

function createFolder(folder: string, sockets: string, mounter: Mounter, trash: Trash): BuildFolder {
  let counter = 0;
  const make = (name: string): string => {
    const path = join(folder, name);
    mkdirSync(path, { mode: 0o755 });
    return path;
  };
  const mountPoint = (): string => make(`m${++counter}`);
  const unmounting = (source: string, point: string, also: readonly string[] = []): StepMount => ({
    source,
    [Symbol.dispose]() {
      mounter.unmount(point, { lazy: true });
      for (const path of [point, ...also]) trash.put(path);
    },
  });
  return {
    make,
    bind({ lower }, path, { writable }) {
      const point = mountPoint();
      const own = writable ? [make(`u${counter}`), make(`w${counter}`)] : [make(`u${counter}`)];
      const [upper = '', work] = own;
      mounter.overlay(point, work === undefined ? { lower: [...lower, upper] } : { lower, upper, work });
      const mount = unmounting(resolveInRoot(point, path), point, own);
      if (lstatSync(mount.source, { throwIfNoEntry: false })) return mount;
      mount[Symbol.dispose]();
      throw new KnownError('not_found', `mount source ${JSON.stringify(path)} not found`);
    },
    makeWay(rootfs, targets) {
      const point = mountPoint();
      mounter.overlay(point, rootfs);
      try {
        return targets.flatMap((target) => makeParents(point, resolveInRoot(point, target)));
      } finally {
        mounter.unmount(point);
        trash.put(point);
      }
    },
    async *archive(trees, { mtimeSeconds, signal }) {
      for (const { lower, name, files } of trees) {
        const point = mountPoint();
        const added = make(`e${++counter}`);
        for (const { name: file, content } of files) writeFileSync(join(added, file), content, { mode: 0o600 });
        mounter.overlay(point, { lower: [...lower, added] });
        try {
          for (const piece of packTree({ path: point, name }, { ...archiveOptions(mtimeSeconds), open: true })) {
            signal.throwIfAborted();
            yield piece;
            await nextTurn();
          }
        } finally {
          mounter.unmount(point, { lazy: true });
          for (const path of [point, added]) trash.put(path);
        }
      }
      yield tarEnd();
    },
    file(content, { mode, uid, gid }) {
      const point = mountPoint();
      mounter.tmpfs(point, { sizeBytes: Math.max(content.length * 2, 64 * 1024), mode: 0o711 });
      const mount = unmounting(join(point, 'file'), point);
      writeFileSync(mount.source, content, { mode: 0o600 });
      chownSync(mount.source, uid, gid);
      chmodSync(mount.source, mode);
      return mount;
    },
    program(name, content) {
      const point = mountPoint();
      mounter.tmpfs(point, { sizeBytes: Math.max(content.length * 2, 64 * 1024), mode: 0o755 });
      writeFileSync(join(point, name), content);
      chmodSync(join(point, name), 0o755);
      return unmounting(point, point);
    },
    async agent(connect, { mode, uid, gid }) {
      const source = join(sockets, `a${process.pid}-${++agents}`);
      const server = createServer({ allowHalfOpen: true }, (client) =>
        pipeline(client, connect(), client, () => client.destroy()),
      );
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(source, resolve);
      });
      chownSync(source, uid, gid);
      chmodSync(source, mode);
      return {
        source,
        [Symbol.dispose]() {
          server.close();
          try {
            unlinkSync(source);
          } catch (error) {
            if (errnoOf(error) !== 'ENOENT') throw error;
          }
        },
      };
    },
    async [Symbol.asyncDispose]() {
      for (const point of mounter.list(folder)) mounter.unmount(point, { lazy: true });
      trash.put(folder);
    },
  };
}

function archiveOptions(mtime: number | undefined): PackOptions {
  const xattrsOf = (path: string): ReturnType<typeof readAttributes> => readAttributes(path);
  return mtime === undefined ? { xattrsOf } : { xattrsOf, map: (_path, entry) => ({ ...entry, mtime }) };
}

/** Packing is synchronous: others get their turn between two pieces. */
async function nextTurn(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}

/** Of all builds, so that no two sockets have one name. */
let agents = 0;
