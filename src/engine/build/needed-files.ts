import { posix } from 'node:path';
import type { BuildPlan, Step } from '../../build/plan/plan.ts';
import type { TreeEntry } from '../../linux/build/tree-entry.ts';
import { isRemote } from './evaluate.ts';
import { followPath, type Tree } from './tree.ts';

/**
 * Files of the context whose contents the steps of a plan may take: all below what they name, up to the first wildcard. Where links could lead
 * a wildcard elsewhere, or the context is to be scanned, all there are. Of hard links the first name. Pure.
 */
export function neededFiles(plan: BuildPlan, tree: Tree, entries: readonly TreeEntry[]): readonly string[] {
  const links = entries.filter(({ type }) => type === 'symlink').map(({ path }) => path);
  const roots = new Set<string>();
  if (plan.stages.some(({ scanned }) => scanned?.context)) roots.add('/');
  const beginnings: string[] = [];
  for (const name of plan.stages.flatMap(({ steps }) => steps.flatMap(namedBy))) {
    const path = posix.normalize(`/${name}`);
    const wild = path.search(/[*?[\\]/);
    const root = followPath(tree, wild === -1 ? path : path.slice(0, path.lastIndexOf('/', wild) + 1));
    if (root === undefined) continue;
    const beginning = `${root === '/' ? '' : root}/${path.slice(path.lastIndexOf('/', wild) + 1, wild)}`;
    if (wild === -1) roots.add(root);
    else if (links.some((link) => link.startsWith(beginning))) roots.add('/');
    else beginnings.push(beginning);
  }
  const isNamed = (path: string): boolean =>
    isBelow(path, roots) || beginnings.some((beginning) => path.startsWith(beginning));
  const files = entries.filter(({ type, path }) => type === 'file' && isNamed(path));
  return [...new Set(files.map(({ path, sameAs }) => sameAs || path))];
}

function namedBy(step: Step): readonly string[] {
  if (step.kind === 'copy' && step.from.kind === 'context') return step.paths.filter((path) => !isRemote(path));
  if (step.kind !== 'run') return [];
  return step.mounts.flatMap(({ from, type, source }) =>
    from.kind === 'context' && (type === 'bind' || type === 'cache') ? [source || '/'] : [],
  );
}

function isBelow(path: string, roots: ReadonlySet<string>): boolean {
  for (let at = path; ; at = posix.dirname(at)) {
    if (roots.has(at)) return true;
    if (at === '/') return false;
  }
}
