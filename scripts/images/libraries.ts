import { posix } from 'node:path';
import { KnownError } from '../../src/lib/errors.ts';
import { readElfNeeds } from './elf.ts';
import type { FileTree, TreeNode } from './tree.ts';

/** Where the loader looks without a cache file (ld.so(8)), as paths of a merged-/usr tree. */
const LOADER_FOLDER = /^usr\/lib(64)?(\/[a-z0-9_]+-linux-gnu[a-z0-9]*)?$/;

/** `lib/x` -> `usr/lib/x`: where the file is when /bin, /sbin and /lib* are links into /usr, as in Debian since 12. */
export function mergedUsrPath(path: string): string {
  return /^(s?bin|lib(32|64|x32)?)\//.test(path) ? `usr/${path}` : path;
}

export function mergedUsr(tree: FileTree): FileTree {
  return new Map(Array.from(tree, ([path, node]): [string, TreeNode] => [mergedUsrPath(path), node]));
}

/**
 * The shared libraries that a program needs, with their own needs and the loader, each with the links that lead to it.
 * `packages` are the places to look, in this order; the next one is asked for only while a library is still missing.
 * Errors: not_found naming the library that no package has.
 */
export function collectLibraries(program: Uint8Array, packages: Iterable<FileTree>): FileTree {
  const found = new Map<string, TreeNode>();
  const known = new Map<string, TreeNode>();
  const more = packages[Symbol.iterator]();
  const locate = (wanted: (path: string) => boolean, name: string): string => {
    for (;;) {
      const path = [...known.keys()].find(wanted);
      if (path !== undefined) return path;
      const next = more.next();
      if (next.done === true) throw new KnownError('not_found', `no package has the library ${name}`);
      for (const [at, node] of mergedUsr(next.value)) if (!known.has(at)) known.set(at, node);
    }
  };
  const take = (path: string): void => {
    const node = known.get(path);
    if (node === undefined) throw new KnownError('not_found', `a library's link leads to ${path}, which is missing`);
    if (found.has(path)) return;
    found.set(path, node);
    if (node.kind === 'symlink') take(linkTarget(path, node.target));
    else if (node.kind === 'file') takeNeeds(node.content);
  };
  const takeNeeds = (elf: Uint8Array): void => {
    const { interpreter, libraries } = readElfNeeds(elf);
    const loader = interpreter && mergedUsrPath(interpreter.replace(/^\//, ''));
    if (loader) take(locate((path) => path === loader, loader));
    for (const name of libraries) take(locate((path) => isLibrary(path, name), name));
  };
  takeNeeds(program);
  return found;
}

function isLibrary(path: string, name: string): boolean {
  return posix.basename(path) === name && LOADER_FOLDER.test(posix.dirname(path));
}

function linkTarget(path: string, target: string): string {
  const absolute = target.startsWith('/') ? target : posix.join('/', posix.dirname(path), target);
  return mergedUsrPath(posix.normalize(absolute).slice(1));
}
