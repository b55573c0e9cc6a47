import { posix } from 'node:path';
import type { TreeView } from '../../linux/build/build-files.ts';
import type { BuildFolder } from '../../linux/build/build-folders.ts';
import type { TreeEntry } from '../../linux/build/tree-entry.ts';
import type { BuildDeps } from './deps.ts';
import { below, followPath, type Tree } from './tree.ts';

/** The files of a context: in a pack, or in a folder. */
export interface ContextFiles {
  readonly tree: Tree;
  /** A tree to read these entries from; there may be more in it. */
  view(entries: readonly TreeEntry[]): TreeView;
  /** A folder, and where in it what `path` leads to is; of what is not in the context the folder has nothing. The rest need not be there. */
  mountable(path: string, signal: AbortSignal): Promise<{ readonly folder: string; readonly path: string }>;
}

/** Files that lie in a folder already. */
export function filesInFolder(folder: string, tree: Tree): ContextFiles {
  return {
    tree,
    view: () => ({ kind: 'folder', path: folder }),
    mountable: async (path) => ({ folder, path }),
  };
}

/**
 * Files whose contents lie in a pack: they are copied straight from there, and what is to be mounted, nothing else, is made in a folder of the
 * build, once for all that mount it. `name`: of such folders.
 */
export function filesInPack(
  files: Pick<BuildDeps['files'], 'unpack'>,
  build: Pick<BuildFolder, 'make'>,
  { name, pack, tree }: { readonly name: string; readonly pack: () => string; readonly tree: () => Tree },
): ContextFiles {
  const made = new Map<string, Promise<string>>();
  let counter = 0;
  const view = (entries: readonly TreeEntry[]) => ({ kind: 'pack', path: pack(), entries }) as const;
  const unpack = async (path: string, signal: AbortSignal): Promise<string> => {
    const folder = build.make(`${name}-${++counter}`);
    await files.unpack(folder, view(entriesAt(tree(), path)), signal);
    return folder;
  };
  return {
    get tree() {
      return tree();
    },
    view,
    async mountable(asked, signal) {
      const wanted = posix.normalize(`/${asked}`);
      const path = followPath(tree(), wanted) ?? wanted;
      const known = foldersOf(path).find((folder) => made.has(folder)) ?? path;
      // who began it may have been cancelled
      const there = await made.get(known)?.catch(() => undefined);
      if (there !== undefined) return { folder: there, path };
      const own = unpack(path, signal);
      made.set(path, own);
      return { folder: await own, path };
    },
  };
}

/** What is at a path and below it, and the folders that it is in. */
export function entriesAt(tree: Tree, path: string): readonly TreeEntry[] {
  const above = foldersOf(path)
    .toReversed()
    .flatMap((folder) => tree.get(folder) ?? []);
  if (tree.get(path)?.type !== 'directory') return above;
  return [...above, ...[...below(tree, path)].map(({ entry }) => entry)];
}

/** The path itself, the folder that it is in, and so on up to `/`. */
function foldersOf(path: string): readonly string[] {
  const folders = [path];
  for (let at = path; at !== '/'; at = posix.dirname(at)) folders.push(posix.dirname(at));
  return folders;
}
