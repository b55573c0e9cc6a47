import { posix } from 'node:path';
import type { TreeEntry } from '../../linux/build/tree-entry.ts';

/** A tree that COPY takes from, in memory. Paths are absolute and clean. */
export interface Tree {
  get(path: string): TreeEntry | undefined;
  /** Names in a folder, sorted. */
  children(path: string): readonly string[];
}

export function createTree(entries: Iterable<TreeEntry>): Tree {
  const byPath = new Map<string, TreeEntry>();
  const names = new Map<string, string[]>();
  for (const entry of entries) {
    if (!byPath.has(entry.path) && entry.path !== '/') {
      const folder = posix.dirname(entry.path);
      const there = names.get(folder);
      if (there) there.push(posix.basename(entry.path));
      else names.set(folder, [posix.basename(entry.path)]);
    }
    byPath.set(entry.path, entry);
  }
  for (const list of names.values()) list.sort();
  return { get: (path) => byPath.get(path), children: (path) => names.get(path) ?? [] };
}

const MAX_LINKS = 40;

/** The path with links followed inside the tree; undefined when it leads nowhere. */
export function followPath(tree: Tree, path: string): string | undefined {
  const partsOf = (text: string): string[] => text.split('/').filter((part) => part !== '' && part !== '.');
  const todo = partsOf(path).toReversed();
  let at = '/';
  let links = 0;
  for (let part = todo.pop(); part !== undefined; part = todo.pop()) {
    if (part === '..') {
      at = posix.dirname(at);
      continue;
    }
    const next = posix.join(at, part);
    const entry = tree.get(next);
    if (entry === undefined) return undefined;
    if (entry.type !== 'symlink') {
      at = next;
      continue;
    }
    if (++links > MAX_LINKS) return undefined;
    if (entry.link.startsWith('/')) at = '/';
    todo.push(...partsOf(entry.link).toReversed());
  }
  return at;
}

/** Everything below a folder, relative, folders before what is in them. */
export function* below(
  tree: Tree,
  folder: string,
): Generator<{ readonly relative: string; readonly entry: TreeEntry }> {
  function* walk(path: string, prefix: string): Generator<{ readonly relative: string; readonly entry: TreeEntry }> {
    for (const name of tree.children(path)) {
      const entry = tree.get(posix.join(path, name));
      if (entry === undefined) continue;
      yield { relative: `${prefix}${name}`, entry };
      if (entry.type === 'directory') yield* walk(entry.path, `${prefix}${name}/`);
    }
  }
  yield* walk(folder, '');
}
