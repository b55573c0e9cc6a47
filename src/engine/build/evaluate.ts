/** Which steps of a plan are in the cache, and which stages have to be looked at because something in them is not. */

import type { HostConfig } from '../../api/types/container.ts';
import type { BuildPlan, StagePlan, Step } from '../../build/plan/plan.ts';
import type { CachedLayer } from '../../store/record/build-cache.ts';
import { baseKey, type CacheKey, filesHash, hashOf, stepKey } from './cache-key.ts';
import type { BuildContext } from './context.ts';
import { findSources, placeFiles } from './select.ts';

export interface StageOutlook {
  readonly stage: StagePlan;
  /** The key after each step. */
  readonly keys: readonly CacheKey[];
  readonly baseKey: CacheKey;
  readonly finalKey: CacheKey;
  /** Layers of the steps up to the first that is not in the cache; undefined for steps that make none. */
  readonly cached: readonly (CachedLayer | undefined)[];
}

export interface Outlook {
  readonly stages: ReadonlyMap<number, StageOutlook>;
  /** Stages whose files are needed. */
  readonly needed: ReadonlySet<number>;
}

export type FindLayer = (key: CacheKey) => Promise<CachedLayer | undefined>;

/** Errors: invalid_parameter for a COPY of what the context does not have. */
export async function lookAhead(
  plan: BuildPlan,
  context: BuildContext,
  hostConfig: HostConfig,
  find: FindLayer,
): Promise<Outlook> {
  const stages = new Map<number, StageOutlook>();
  const finalKey = (index: number): CacheKey => stages.get(index)?.finalKey ?? hashOf(['nothing']);
  for (const stage of plan.stages) {
    const base = baseKey(stage.base, finalKey);
    const keys: CacheKey[] = [];
    for (const step of stage.steps) {
      const content = step.kind === 'copy' ? contentOf(step, context, finalKey) : '';
      keys.push(stepKey(keys.at(-1) ?? base, step, content, hostConfig));
    }
    const cached = await cachedLayers(stage, keys, find);
    stages.set(stage.index, { stage, keys, baseKey: base, finalKey: keys.at(-1) ?? base, cached });
  }
  return { stages, needed: neededStages(plan, stages) };
}

function contentOf(
  step: Extract<Step, { readonly kind: 'copy' }>,
  context: BuildContext,
  finalKey: (index: number) => CacheKey,
): string {
  const { from } = step;
  if (from.kind === 'stage') return finalKey(from.index);
  if (from.kind === 'image') return from.digest;
  if (from.kind === 'scratch') return '';
  const sources = findSources(context.entries, step.paths, step.instruction);
  return filesHash(placeFiles(context.entries, sources, step.destination, true));
}

async function cachedLayers(
  { steps }: StagePlan,
  keys: readonly CacheKey[],
  find: FindLayer,
): Promise<readonly (CachedLayer | undefined)[]> {
  const cached: (CachedLayer | undefined)[] = [];
  for (const [index, step] of steps.entries()) {
    const key = keys[index];
    const layer = step.kind === 'config' || key === undefined ? undefined : await find(key);
    if (step.kind !== 'config' && layer === undefined) break;
    cached.push(layer);
  }
  return cached;
}

/** The target, what it begins from, and where its steps that must run take files from. */
function neededStages(plan: BuildPlan, stages: ReadonlyMap<number, StageOutlook>): ReadonlySet<number> {
  const needed = new Set([plan.target]);
  for (const index of needed) {
    const outlook = stages.get(index);
    if (outlook === undefined) continue;
    const { stage, cached } = outlook;
    if (stage.base.kind === 'stage') needed.add(stage.base.index);
    for (const step of stage.steps.slice(cached.length))
      if (step.kind === 'copy' && step.from.kind === 'stage') needed.add(step.from.index);
  }
  return needed;
}
