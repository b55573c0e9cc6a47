/** Which files a COPY takes from a tree, and what they are called in the image. Pure. */
import { basename, dirname, posix } from 'node:path';
import { createIgnoreMatcher } from '../../build/ignore/matcher.ts';
import { compilePattern } from '../../build/ignore/pattern.ts';
import { clean } from '../../build/plan/paths.ts';
import type { CopyStep } from '../../build/plan/plan.ts';
import { KnownError } from '../../lib/errors.ts';
import type { TreeEntry } from '../../linux/build/tree-entry.ts';
import { below, followPath, type Tree } from './tree.ts';

export type Selection =
  /** `name`: what it is called in a folder. */
  | { readonly kind: 'file'; readonly name: string; readonly entry: TreeEntry }
  /** What is in a folder. `files`: by relative path, folders first; `whole`: it is everything. */
  | { readonly kind: 'tree'; readonly path: string; readonly files: readonly SelectedFile[]; readonly whole: boolean };

export interface SelectedFile {
  readonly relative: string;
  readonly entry: TreeEntry;
}

type Asked = Pick<CopyStep, 'paths' | 'excludes' | 'parents' | 'instruction'>;

/** Errors: invalid_parameter for a path without wildcards that is not there. A wildcard may match nothing. */
export function selectFiles(tree: Tree, step: Asked): readonly Selection[] {
  const excluded = step.excludes.length === 0 ? undefined : createIgnoreMatcher(step.excludes);
  const isOut = (relative: string): boolean => excluded?.matches(relative) ?? false;
  return step.paths.flatMap((path) =>
    step.parents ? withParents(tree, path, isOut, step) : named(tree, path, isOut, step),
  );
}

function named(tree: Tree, path: string, isOut: (relative: string) => boolean, step: Asked): readonly Selection[] {
  return matching(tree, clean(path), step).flatMap((wanted): readonly Selection[] => {
    const real = followPath(tree, wanted);
    const entry = real === undefined ? undefined : tree.get(real);
    if (real === undefined || entry === undefined) throw notFound(wanted, step);
    const name = basename(wanted);
    if (entry.type !== 'directory') return isOut(name) ? [] : [{ kind: 'file', name, entry }];
    const all = [...below(tree, real)];
    const files = step.excludes.length === 0 ? all : reached(all, (relative) => !isOut(relative));
    return [{ kind: 'tree', path: real, files, whole: files.length === all.length }];
  });
}

/** `a/b/./c`: what comes after the pivot keeps its folders; without one all of the path does. */
function withParents(
  tree: Tree,
  path: string,
  isOut: (relative: string) => boolean,
  step: Asked,
): readonly Selection[] {
  const at = path.indexOf('/./');
  const root = at === -1 ? '/' : clean(path.slice(0, at));
  const pattern = clean(at === -1 ? path : path.slice(at + 3)).slice(1);
  return matching(tree, root, step).map((folder) => {
    const real = followPath(tree, folder);
    if (real === undefined) throw notFound(folder, step);
    const all = [...below(tree, real)];
    const test = compilePattern(pattern === '' ? '**' : pattern);
    const isIn = (relative: string): boolean => withFolders(relative).some(test);
    const files = reached(all, (relative) => isIn(relative) && !isOut(relative));
    if (files.length === 0 && !isWild(pattern) && !isWild(root)) throw notFound(posix.join(folder, pattern), step);
    return { kind: 'tree', path: real, files, whole: files.length === all.length };
  });
}

/** What the test takes, and the folders that it is in. */
function reached(all: readonly SelectedFile[], test: (relative: string) => boolean): readonly SelectedFile[] {
  const wanted = new Set<string>();
  for (const { relative } of all) if (test(relative)) for (const path of withFolders(relative)) wanted.add(path);
  return all.filter(({ relative }) => wanted.has(relative));
}

function withFolders(relative: string): readonly string[] {
  const paths = [relative];
  for (let at = dirname(relative); at !== '.'; at = dirname(at)) paths.push(at);
  return paths;
}

function isWild(path: string): boolean {
  return /(?:^|[^\\])(?:\\\\)*[*?[]/.test(path);
}

/** Paths that a pattern means, sorted: `*` stays in a part of the path, links on the way of a wildcard are not followed. */
function matching(tree: Tree, pattern: string, step: Asked): readonly string[] {
  if (!isWild(pattern)) return [pattern.replace(/\\(.)/g, '$1')];
  const parts = pattern.slice(1).split('/');
  const first = parts.findIndex(isWild);
  const start = followPath(tree, `/${parts.slice(0, first).join('/')}`);
  if (start === undefined) return [];
  let found = [start];
  for (const part of parts.slice(first)) {
    // two stars mean no more than one here
    const test = compiled(part.replaceAll(/\*{2,}/g, '*'), step);
    found = found.flatMap((folder) =>
      tree
        .children(folder)
        .filter(test)
        .map((name) => posix.join(folder, name)),
    );
  }
  return found.filter((path) => followPath(tree, path) !== undefined);
}

function compiled(part: string, { instruction, paths }: Asked): (name: string) => boolean {
  try {
    return compilePattern(part);
  } catch (error) {
    throw new KnownError('invalid_parameter', `${instruction} failed: ${paths.join(' ')}: syntax error in pattern`, {
      cause: error,
    });
  }
}

function notFound(path: string, { instruction }: Asked): KnownError {
  return new KnownError(
    'invalid_parameter',
    `${instruction} failed: file not found in build context or excluded by .dockerignore: stat ${path.slice(1)}: file does not exist`,
  );
}
