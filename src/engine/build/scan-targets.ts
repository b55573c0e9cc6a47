import type { PackView, TreeView } from '../../linux/build/build-files.ts';
import { chainOf, type PlatformResult, type StageLayers } from './work.ts';

/** Files that an SBOM is made of, by BuildKit's name for them. */
export interface ScanTarget {
  readonly name: string;
  readonly tree: ScannedTree;
}

/** Files that lie in folders. */
export type ScannedTree = Exclude<TreeView, PackView>;

/** The target as `sbom`, then `sbom-context` and `sbom-STAGE` where the Dockerfile or a build argument asks for them. */
export async function scanTargets(
  { work, layers }: PlatformResult,
  signal: AbortSignal,
): Promise<readonly ScanTarget[]> {
  const { deps, plan, context, done } = work;
  const treeOf = async (of: StageLayers): Promise<ScannedTree> => {
    await deps.layers.ensureUnpacked(of, { signal });
    return { kind: 'layers', lower: deps.layers.lowerOf(chainOf(of)) };
  };
  const found: ScanTarget[] = [{ name: 'sbom', tree: await treeOf(layers) }];
  if (plan.stages.some(({ scanned }) => scanned?.context))
    found.push({ name: 'sbom-context', tree: { kind: 'folder', path: (await context.mountable('/', signal)).folder } });
  for (const { index, name, scanned } of plan.stages)
    if (scanned?.stage && index !== plan.target)
      found.push({ name: `sbom-${name}`, tree: await treeOf(done.get(index) ?? []) });
  return found;
}

/** The folders of a tree, lowest first. */
export function lowerOf(tree: ScannedTree): readonly string[] {
  return tree.kind === 'folder' ? [tree.path] : tree.lower;
}
