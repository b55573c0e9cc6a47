import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, KnownError } from '../../lib/errors.ts';
import { measureTree, type TreeSize } from '../../lib/fs/measure-tree.ts';
import type { DataRoot } from './data-root.ts';

/** Folders whose entries are things of their own; `*` stands for one name. The layout is drawn in README.md, "On disk". */
const OPENED = [
  '.',
  'content',
  'content/blobs',
  'content/blobs/sha256',
  'content/partial',
  'content/ingest',
  'layers',
  'writable',
  'containers',
  'containers/*',
  'volumes',
  'volumes/.new',
  'trash',
];

export function createDataRoot(path: string): DataRoot {
  const opened = OPENED.map((pattern) => new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '[^/]+')}$`));
  const measure = async (
    at: string,
    seen: Set<string>,
  ): Promise<readonly { readonly path: string; readonly size: TreeSize }[]> => {
    const absolute = join(path, at);
    if (!opened.some((pattern) => pattern.test(at))) return [{ path: at, size: await measureTree(absolute, seen) }];
    const [size, names] = await Promise.all([folderAlone(absolute), namesIn(absolute)]);
    if (size === undefined || names === undefined) return [{ path: at, size: await measureTree(absolute, seen) }];
    const entries = [{ path: at, size }];
    for (const name of names) entries.push(...(await measure(at === '.' ? name : `${at}/${name}`, seen)));
    return entries;
  };
  return {
    path,
    measure: () => measure('.', new Set()),
    async du() {
      const [apparentBytes, diskBytes] = await Promise.all([du(path, '--apparent-size'), du(path)]);
      return { apparentBytes, diskBytes };
    },
  };
}

/** Undefined for what is no folder, or is gone. */
async function folderAlone(path: string): Promise<TreeSize | undefined> {
  try {
    const info = await lstat(path);
    if (!info.isDirectory()) return undefined;
    return { files: 0, folders: 1, fileBytes: 0, apparentBytes: info.size, diskBytes: info.blocks * 512 };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function namesIn(path: string): Promise<readonly string[] | undefined> {
  try {
    return await readdir(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}

/** Exit status 1 means that something vanished meanwhile: the number counts all the same. */
async function du(path: string, ...options: readonly string[]): Promise<number> {
  const child = Bun.spawn(['du', '-s', '-B1', ...options, '--', path], { stdout: 'pipe', stderr: 'pipe' });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  await child.exited;
  const bytes = /^\d+/.exec(stdout)?.[0];
  if (bytes === undefined) throw new KnownError('system', `du: ${stderr.slice(-4096).trim()}`);
  return Number(bytes);
}
