import { tarEnd, tarHeader, tarPadding } from '../../src/lib/tar/writer.ts';

/** One thing of a root file system; everything belongs to root. A `hardLink` names another path of the tree. */
export type TreeNode =
  | { readonly kind: 'file'; readonly content: Uint8Array; readonly mode: number }
  | { readonly kind: 'directory'; readonly mode: number }
  | { readonly kind: 'symlink'; readonly target: string }
  | { readonly kind: 'hardLink'; readonly target: string };

/** A root file system by path, without a leading slash (`usr/bin/env`). */
export type FileTree = ReadonlyMap<string, TreeNode>;

/** Text files with mode 0644. */
export function textFiles(files: Readonly<Record<string, string>>): FileTree {
  return new Map(
    Object.entries(files).map(([path, text]) => [path, { kind: 'file', content: Buffer.from(text), mode: 0o644 }]),
  );
}

export function directories(modes: Readonly<Record<string, number>>): FileTree {
  return new Map(Object.entries(modes).map(([path, mode]) => [path, { kind: 'directory', mode }]));
}

export function symlinks(targets: Readonly<Record<string, string>>): FileTree {
  return new Map(Object.entries(targets).map(([path, target]) => [path, { kind: 'symlink', target }]));
}

/** Later trees win. */
export function mergeTrees(...trees: readonly FileTree[]): FileTree {
  return new Map(trees.flatMap((tree) => [...tree]));
}

/**
 * The layer's tar: the same bytes for the same tree. Missing parents are made with mode 0755, entries are sorted by
 * path and hard links come last, since their targets must exist by then. `mtime` (seconds) is that of every entry.
 */
export function treeTar(tree: FileTree, mtime: number): Uint8Array {
  const whole = [...withParents(tree)].sort(([a], [b]) => (a < b ? -1 : 1));
  const parts = [
    ...whole.filter(([, node]) => node.kind !== 'hardLink'),
    ...whole.filter(([, node]) => node.kind === 'hardLink'),
  ].flatMap(([path, node]) => entryParts(path, node, mtime));
  return Buffer.concat([...parts, tarEnd()]);
}

function withParents(tree: FileTree): FileTree {
  const whole = new Map(tree);
  for (const path of tree.keys())
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      const parent = path.slice(0, at);
      if (!whole.has(parent)) whole.set(parent, { kind: 'directory', mode: 0o755 });
    }
  return whole;
}

function entryParts(path: string, node: TreeNode, mtime: number): readonly Uint8Array[] {
  switch (node.kind) {
    case 'file':
      return [
        tarHeader({ name: path, type: 'file', mode: node.mode, size: node.content.length, mtime }),
        node.content,
        tarPadding(node.content.length),
      ];
    case 'directory':
      return [tarHeader({ name: `${path}/`, type: 'directory', mode: node.mode, mtime })];
    case 'symlink':
      return [tarHeader({ name: path, type: 'symlink', mode: 0o777, linkName: node.target, mtime })];
    case 'hardLink':
      return [tarHeader({ name: path, type: 'link', mode: 0o755, linkName: node.target, mtime })];
  }
}
