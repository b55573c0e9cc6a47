import type { StagePlan } from '../../build/plan/plan.ts';
import { createLimit } from '../../lib/async/limit.ts';
import type { SharedFlights } from '../../lib/async/shared-flight.ts';
import { KnownError, messageOf } from '../../lib/errors.ts';
import { familiarReference, parseReference } from '../../oci/reference.ts';
import type { CachedLayer } from '../../store/record/build-cache.ts';
import { copyStep, directoryStep, selectFrom } from './copy-step.ts';
import { CommandFailed } from './errors.ts';
import { contentInputsOf, inputsOf, isContext, type StageOutlook, type StepOutlook, sourcesOf } from './evaluate.ts';
import { namesOf } from './outputs.ts';
import type { CacheLocks } from './run-mounts.ts';
import { runStep, type StepMessage } from './run-step.ts';
import type { StepCache, StepPlace } from './step-cache.ts';
import { baseKey as baseKeyOf, type CacheKey, hashOf, isIndependent } from './step-inputs.ts';
import { stepPlace } from './step-place.ts';
import { type BuildWork, layersOf, type StageLayers } from './work.ts';

/** What all builds of a daemon share. */
export interface SharedWork {
  readonly cache: StepCache;
  readonly flights: SharedFlights<CachedLayer, StepMessage>;
  readonly locks: CacheLocks;
}

/** Steps of one build that do something at once. */
const PARALLEL_STEPS = 4;

/** Runs the stages that are needed, each as soon as those it takes from are ready. Resolves with the target's layers. */
export async function runStages(work: BuildWork, shared: SharedWork, signal: AbortSignal): Promise<StageLayers> {
  const { plan, outlook, done } = work;
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const limit = createLimit(PARALLEL_STEPS);
  const stages = new Map<number, Promise<void>>();
  const ready = async (index: number): Promise<void> => await stages.get(index);
  for (const { index } of plan.stages) {
    const stage = outlook.stages.get(index);
    if (stage === undefined) continue;
    const running = runStage({ work, shared, ready, limit, signal: either }, stage).then((layers) => {
      done.set(index, layers);
    });
    running.catch((error: unknown) => failed.abort(error));
    stages.set(index, running);
  }
  const results = await Promise.allSettled(stages.values());
  signal.throwIfAborted();
  if (failed.signal.aborted) throw failed.signal.reason;
  const broken = results.find((result) => result.status === 'rejected');
  if (broken) throw broken.reason;
  return done.get(plan.target) ?? [];
}

interface StageRun {
  readonly work: BuildWork;
  readonly shared: SharedWork;
  /** Resolves when the stage has its layers. Errors: the stage's. */
  readonly ready: (index: number) => Promise<void>;
  readonly limit: ReturnType<typeof createLimit>;
  readonly signal: AbortSignal;
}

async function runStage(run: StageRun, { stage, steps, baseKey }: StageOutlook): Promise<StageLayers> {
  const { work, ready, signal } = run;
  const { progress, outlook } = work;
  const needed = outlook.needed.has(stage.index);
  if (needed && stage.base.kind === 'stage') await ready(stage.base.index);
  const triggers = steps.filter(({ step }) => step.trigger).length;
  progress.tell({
    kind: 'started',
    vertex: {
      id: baseKey,
      name: fromText(stage),
      stage: stage.name,
      platform: work.platformName,
      role: 'base',
      base: stage.base.kind === 'scratch' ? '' : fromText(stage),
      triggers,
      place: stepPlace(work.plan, stage, undefined),
    },
  });
  let layers = needed ? layersOf(work, stage.base) : [];
  const finished: StepOutlook[] = [];
  for (const [position, planned] of steps.entries()) {
    signal.throwIfAborted();
    const before = finished.at(-1)?.key ?? baseKeyOf(stage.base, finalKeyIn(work));
    const { layer, step } = await runStepOf(run, stage, planned, { position, before, layers, needed });
    finished.push(step);
    if (layer) layers = [...layers, layer];
  }
  work.finished.set(stage.index, finished);
  return layers;
}

/** The key after a stage: the one it came to have, or the planned one of a stage that is not looked at. */
function finalKeyIn({ finished, outlook }: BuildWork): (index: number) => CacheKey {
  return (index) => finished.get(index)?.at(-1)?.key ?? outlook.stages.get(index)?.finalKey ?? hashOf(['nothing']);
}

interface StepTurn {
  readonly position: number;
  /** The key before the step. */
  readonly before: CacheKey;
  readonly layers: StageLayers;
  readonly needed: boolean;
}

interface StepEnd {
  /** Undefined: the step makes none. */
  readonly layer: CachedLayer | undefined;
  readonly step: StepOutlook;
}

async function runStepOf(
  run: StageRun,
  stage: StagePlan,
  planned: StepOutlook,
  { position, before, layers, needed }: StepTurn,
): Promise<StepEnd> {
  const { step, cached } = planned;
  const { work, shared, ready, limit, signal } = run;
  const { progress } = work;
  const config = step.kind === 'config';
  const begin = (key: CacheKey): void =>
    progress.tell({
      kind: 'started',
      vertex: {
        id: key,
        name: step.source,
        stage: stage.name,
        platform: work.platformName,
        role: step.trigger ? 'trigger' : config ? 'config' : 'step',
        base: '',
        triggers: 0,
        place: stepPlace(work.plan, stage, step),
      },
    });
  if (config || cached !== undefined || !needed) {
    const key = config && needed ? before : planned.key;
    begin(key);
    if (!config) progress.tell({ kind: 'cached', id: key });
    return { layer: cached, step: { ...planned, key } };
  }
  for (const source of sourcesOf(step)) if (source.kind === 'stage') await ready(source.index);
  return await limit(async () => {
    signal.throwIfAborted();
    const { selections } = planned;
    const own = inputsOf(step, { before, base: stage.base, selections, finalKey: finalKeyIn(work) }, work.lookAhead);
    const asked = { ...planned, ...own, asked: own.key };
    begin(asked.key);
    const place = { stage: stage.name, position, build: buildOf(work) };
    const { key } = asked;
    try {
      const final = await byContent(work, asked, { before, base: stage.base }, signal);
      const found = await findAgain(work, stage, { asked, final, planned, layers });
      if (found) {
        if (final !== asked) shared.cache.alias(key, final.key);
        progress.tell({ kind: 'cached', id: key });
        return { layer: found, step: { ...final, cached: found } };
      }
      if (progress.wantsReasons) progress.tell({ kind: 'explained', id: key, miss: reasonOf(run, final, place) });
      const layer = await makeLayer(run, stage, final, place, layers, key);
      if (final !== asked) shared.cache.alias(key, final.key);
      return { layer, step: final };
    } catch (error) {
      const command = error instanceof CommandFailed ? error.command : undefined;
      if (!signal.aborted) progress.tell({ kind: 'failed', id: key, message: messageOf(error), command });
      throw error;
    }
  });
  function reasonOf(_run: StageRun, asked: StepOutlook, place: StepPlace): ReturnType<StepCache['explain']> {
    return isUncached(work, stage)
      ? { kind: 'asked', input: '', before: undefined, now: undefined, build: undefined }
      : shared.cache.explain(asked, place);
  }
}

/** A COPY from a stage or an image is known by the files that it takes. */
async function byContent(
  work: BuildWork,
  asked: StepOutlook,
  on: { readonly before: CacheKey; readonly base: StagePlan['base'] },
  signal: AbortSignal,
): Promise<StepOutlook> {
  const { step } = asked;
  if (step.kind !== 'copy' || isContext(step.from)) return asked;
  const selections = await selectFrom(work, step, signal);
  return { ...asked, selections, ...contentInputsOf(step, { ...on, selections }, work.lookAhead) };
}

/** Looks where the plan could not: another key than was planned, or one by content. */
async function findAgain(
  { lookAhead }: BuildWork,
  stage: StagePlan,
  {
    asked,
    final,
    planned,
    layers,
  }: { readonly asked: StepOutlook; readonly final: StepOutlook; readonly planned: StepOutlook } & Pick<
    StepTurn,
    'layers'
  >,
): Promise<CachedLayer | undefined> {
  if (final === asked && asked.key === planned.key) return undefined;
  return await lookAhead.find(final.key, stage, isIndependent(final.step) ? undefined : layers);
}

/** `--no-cache` and its filter. */
export function isUncached({ request: { noCache } }: Pick<BuildWork, 'request'>, stage: StagePlan): boolean {
  return noCache === 'all' || noCache.some((name) => name.toLowerCase() === stage.name || name === String(stage.index));
}

function buildOf({ request, deps }: BuildWork): StepPlace['build'] {
  return { name: namesOf(request)[0] ?? '', atMs: deps.now() };
}

/** Builds side by side make a layer once: who comes later reads along. `id`: of the step in the progress. */
async function makeLayer(
  { work, shared, signal }: StageRun,
  stage: StagePlan,
  outlook: StepOutlook,
  place: StepPlace,
  layers: StageLayers,
  id: CacheKey,
): Promise<CachedLayer> {
  const { step, key } = outlook;
  const { progress } = work;
  let containerId: string | undefined;
  const onMessage = (message: StepMessage): void => {
    if (message.kind === 'running') ({ containerId } = message);
    progress.tell({ ...message, id });
  };
  const flightKey = isUncached(work, stage) ? `${key} ${crypto.randomUUID()}` : key;
  const layer = await shared.flights.run(flightKey, { signal, onMessage }, async (flying, tell) => {
    const flight = perform(work, stage, outlook, layers, shared.locks, tell, flying);
    work.flights.add(flight);
    const made = await flight.finally(() => work.flights.delete(flight));
    shared.cache.add(outlook, made, place);
    return made;
  });
  progress.tell({ kind: 'completed', id, containerId: step.kind === 'run' ? containerId : undefined });
  return layer;
}

async function perform(
  work: BuildWork,
  { platform }: StagePlan,
  outlook: StepOutlook,
  layers: StageLayers,
  locks: CacheLocks,
  tell: (message: StepMessage) => void,
  signal: AbortSignal,
): Promise<CachedLayer> {
  const { step, key } = outlook;
  switch (step.kind) {
    case 'run':
      return await runStep(work, step, { layers, platform, locks, key }, tell, signal);
    case 'copy':
      return await copyStep(work, step, outlook, layers, signal);
    case 'directory':
      return await directoryStep(work, step, layers, signal);
    case 'config':
      throw new KnownError('system', 'a step that makes no layer was run');
  }
}

function fromText({ base, name, index }: StagePlan): string {
  const text =
    base.kind === 'image'
      ? familiarReference(parseReference(base.reference))
      : base.kind === 'stage'
        ? `stage ${base.index}`
        : 'scratch';
  return name === `stage-${index}` ? `FROM ${text}` : `FROM ${text} AS ${name}`;
}
