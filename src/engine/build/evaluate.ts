/** Which steps of a plan are in the cache, and which stages have to be looked at because something in them is not. */

import type { HostConfig } from '../../api/types/container.ts';
import { located } from '../../build/parse/dockerfile-error.ts';
import type { BuildPlan, CopyStep, FileSource, StagePlan, Step } from '../../build/plan/plan.ts';
import type { CachedLayer } from '../../store/record/build-cache.ts';
import { type Selection, selectFiles } from './select.ts';
import {
  baseKey,
  type CacheKey,
  fileInputs,
  hashOf,
  type InputFacts,
  isIndependent,
  keyOf,
  type StepInput,
  stepInputs,
} from './step-inputs.ts';
import type { Tree } from './tree.ts';

export interface StageOutlook {
  readonly stage: StagePlan;
  readonly baseKey: CacheKey;
  readonly finalKey: CacheKey;
  readonly steps: readonly StepOutlook[];
}

export interface StepOutlook {
  readonly step: Step;
  /** Names the stage's files after the step. */
  readonly key: CacheKey;
  /** The same; of a COPY that is known by content, what it was known by before its source was there. */
  readonly asked: CacheKey;
  readonly inputs: readonly StepInput[];
  /** What a COPY takes from the context. */
  readonly selections: readonly Selection[];
  /** The layer, when this step and all before it are in the cache; of a copy with --link, when it is itself. */
  readonly cached: CachedLayer | undefined;
}

export interface Outlook {
  readonly stages: ReadonlyMap<number, StageOutlook>;
  /** Stages whose files are needed. */
  readonly needed: ReadonlySet<number>;
}

export interface LookAhead {
  /** The files of the context (undefined) or of a named one. */
  readonly treeOf: (id: string | undefined) => Tree;
  readonly hostConfig: HostConfig;
  readonly hostname: string;
  readonly clampSeconds: number | undefined;
  /** What ADD takes from elsewhere. */
  readonly remoteInputs: (step: CopyStep) => readonly StepInput[];
  /** The layer of a key that may be used on top of these; undefined: on top of anything. */
  readonly find: (
    key: CacheKey,
    stage: StagePlan,
    below: readonly CachedLayer[] | undefined,
  ) => Promise<CachedLayer | undefined>;
  /** Its steps are done anew, so that nothing is known of what it gives. */
  readonly isForced: (stage: StagePlan) => boolean;
  /** The key that follows a cached step. */
  readonly resolve: (key: CacheKey) => CacheKey;
  readonly baseLayers: (source: FileSource) => readonly CachedLayer[];
}

/** Errors: invalid_parameter for a COPY of what the context does not have, with its place in the Dockerfile. */
export async function lookAhead(plan: BuildPlan, options: LookAhead): Promise<Outlook> {
  const stages = new Map<number, StageOutlook>();
  const layersAfter = new Map<number, readonly CachedLayer[] | undefined>();
  const unknown = new Set<number>();
  for (const stage of plan.stages) {
    const onUnknown = stage.base.kind === 'stage' && unknown.has(stage.base.index);
    if (options.isForced(stage) || onUnknown) unknown.add(stage.index);
    const { outlook, layers } = await lookAtStage(stage, options, stages, layersAfter, unknown);
    stages.set(stage.index, outlook);
    layersAfter.set(stage.index, layers);
  }
  return { stages, needed: neededStages(plan, stages) };
}

async function lookAtStage(
  stage: StagePlan,
  options: LookAhead,
  stages: ReadonlyMap<number, StageOutlook>,
  layersAfter: ReadonlyMap<number, readonly CachedLayer[] | undefined>,
  /** Stages that give nobody knows what until they are done. */
  unknown: Set<number>,
): Promise<{ readonly outlook: StageOutlook; readonly layers: readonly CachedLayer[] | undefined }> {
  const finalKey = (index: number): CacheKey => stages.get(index)?.finalKey ?? hashOf(['nothing']);
  const base = baseKey(stage.base, finalKey);
  const steps: StepOutlook[] = [];
  let layers = stage.base.kind === 'stage' ? layersAfter.get(stage.base.index) : options.baseLayers(stage.base);
  for (const step of stage.steps) {
    const before = steps.at(-1)?.key ?? base;
    const { selections, inputs, key } = atPlace(step, () => {
      const taken = step.kind === 'copy' ? selectLocal(step, options) : [];
      return {
        selections: taken,
        ...inputsOf(step, { before, base: stage.base, selections: taken, finalKey }, options),
      };
    });
    const takesUnknown = sourcesOf(step).some((source) => source.kind === 'stage' && unknown.has(source.index));
    if (takesUnknown) unknown.add(stage.index);
    const cached: CachedLayer | undefined =
      inputs.length === 0 || takesUnknown || (layers === undefined && !isIndependent(step))
        ? undefined
        : await options.find(key, stage, isIndependent(step) ? undefined : layers);
    if (inputs.length > 0) layers = cached && layers ? [...layers, cached] : undefined;
    steps.push({ step, key: cached ? options.resolve(key) : key, asked: key, inputs, selections, cached });
  }
  return { outlook: { stage, baseKey: base, finalKey: steps.at(-1)?.key ?? base, steps }, layers };
}

/** A trigger's place is in another Dockerfile. */
function atPlace<T>(step: Step, work: () => T): T {
  return step.trigger ? work() : located(step.location, work);
}

/** What a step depends on when `before` is the key before it, and the key of that. */
export function inputsOf(
  step: Step,
  {
    before,
    base,
    selections,
    finalKey,
  }: {
    readonly before: CacheKey;
    /** What the stage begins from. */
    readonly base: FileSource;
    readonly selections: readonly Selection[];
    readonly finalKey: (index: number) => CacheKey;
  },
  options: LookAhead,
): Pick<StepOutlook, 'inputs' | 'key'> {
  return withKey(step, before, {
    before,
    base,
    hostConfig: options.hostConfig,
    hostname: options.hostname,
    clampSeconds: options.clampSeconds,
    files: step.kind === 'copy' ? copyInputs(step, selections, options, finalKey) : [],
    contentOf: (source, paths) => contentOf(source, paths, options, finalKey),
  });
}

/** The same of a COPY by the files that it takes from a stage or an image, whatever made them. */
export function contentInputsOf(
  step: CopyStep,
  {
    before,
    base,
    selections,
  }: { readonly before: CacheKey; readonly base: FileSource; readonly selections: readonly Selection[] },
  { hostConfig, hostname, clampSeconds }: LookAhead,
): Pick<StepOutlook, 'inputs' | 'key'> {
  const files: readonly StepInput[] = [['files by content', ''], ...fileInputs(selections)];
  return withKey(step, before, { before, base, hostConfig, hostname, clampSeconds, files, contentOf: () => [] });
}

function withKey(step: Step, before: CacheKey, facts: InputFacts): Pick<StepOutlook, 'inputs' | 'key'> {
  const inputs = stepInputs(step, facts);
  return { inputs, key: inputs.length === 0 ? before : keyOf(inputs) };
}

/** What a COPY takes from a context; nothing where it takes from somewhere else. */
function selectLocal(step: CopyStep, { treeOf }: LookAhead): readonly Selection[] {
  if (!isContext(step.from)) return [];
  return selectFiles(treeOf(idOf(step.from)), { ...step, paths: step.paths.filter((path) => !isRemote(path)) });
}

/** Files that are known before anything runs. */
export function isContext(source: FileSource): boolean {
  return source.kind === 'context' || source.kind === 'named';
}

function idOf(source: FileSource): string | undefined {
  return source.kind === 'named' ? source.id : undefined;
}

/** What comes from elsewhere than the context. */
export function isRemote(path: string): boolean {
  return /^(?:https?|git|ssh):\/\/|^[\w.-]+@[\w.-]+:/.test(path);
}

function copyInputs(
  step: CopyStep,
  selections: readonly Selection[],
  options: LookAhead,
  finalKey: (index: number) => CacheKey,
): readonly StepInput[] {
  if (isContext(step.from)) return [...options.remoteInputs(step), ...fileInputs(selections)];
  return contentOf(step.from, step.paths, options, finalKey);
}

function contentOf(
  source: FileSource,
  paths: readonly string[],
  { treeOf }: LookAhead,
  finalKey: (index: number) => CacheKey,
): readonly StepInput[] {
  switch (source.kind) {
    case 'stage':
      return [['files of another stage', finalKey(source.index)]];
    case 'image':
      return [[`files of ${source.reference}`, source.digest]];
    case 'scratch':
      return [];
    case 'context':
    case 'named':
      return fileInputs(
        selectFiles(treeOf(idOf(source)), { paths, excludes: [], parents: false, instruction: 'COPY' }),
      );
  }
}

/** The target and stages to be scanned, what they begin from, and where their steps that must run take files from. */
function neededStages(plan: BuildPlan, stages: ReadonlyMap<number, StageOutlook>): ReadonlySet<number> {
  const scanned = plan.stages.filter((stage) => stage.scanned?.stage);
  const needed = new Set([plan.target, ...scanned.map(({ index }) => index)]);
  for (const index of needed) {
    const outlook = stages.get(index);
    if (outlook === undefined) continue;
    if (outlook.stage.base.kind === 'stage') needed.add(outlook.stage.base.index);
    for (const { step, cached } of outlook.steps)
      if (cached === undefined)
        for (const source of sourcesOf(step)) if (source.kind === 'stage') needed.add(source.index);
  }
  return needed;
}

/** Where a step takes files from. */
export function sourcesOf(step: Step): readonly FileSource[] {
  if (step.kind === 'copy') return [step.from];
  return step.kind === 'run' ? step.mounts.map(({ from }) => from) : [];
}
