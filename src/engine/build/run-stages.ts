import type { StagePlan } from '../../build/plan/plan.ts';
import { createLimit } from '../../lib/async/limit.ts';
import type { SharedFlights } from '../../lib/async/shared-flight.ts';
import { KnownError, messageOf } from '../../lib/errors.ts';
import { familiarReference, parseReference } from '../../oci/reference.ts';
import type { CachedLayer } from '../../store/record/build-cache.ts';
import { copyStep, directoryStep } from './copy-step.ts';
import { type StageOutlook, type StepOutlook, sourcesOf } from './evaluate.ts';
import { namesOf } from './outputs.ts';
import type { CacheLocks } from './run-mounts.ts';
import { runStep, type StepMessage } from './run-step.ts';
import type { StepCache, StepPlace } from './step-cache.ts';
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
    },
  });
  let layers = needed ? layersOf(work, stage.base) : [];
  for (const [position, step] of steps.entries()) {
    signal.throwIfAborted();
    const layer = await runStepOf(run, stage, step, position, layers, needed);
    if (layer) layers = [...layers, layer];
  }
  return layers;
}

async function runStepOf(
  run: StageRun,
  stage: StagePlan,
  outlook: StepOutlook,
  position: number,
  layers: StageLayers,
  needed: boolean,
): Promise<CachedLayer | undefined> {
  const { step, key, cached } = outlook;
  const { work, shared, ready, limit, signal } = run;
  const { progress } = work;
  const config = step.kind === 'config';
  const begin = (): void =>
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
      },
    });
  if (config || cached !== undefined || !needed) {
    begin();
    if (!config) {
      progress.tell({ kind: 'cached', id: key });
    }
    return cached;
  }
  for (const source of sourcesOf(step)) if (source.kind === 'stage') await ready(source.index);
  return await limit(async () => {
    signal.throwIfAborted();
    begin();
    const place = { stage: stage.name, position, build: buildOf(work) };
    if (progress.wantsReasons) progress.tell({ kind: 'explained', id: key, miss: reasonOf(run, outlook, place) });
    try {
      return await makeLayer(run, stage, outlook, place, layers);
    } catch (error) {
      if (!signal.aborted) progress.tell({ kind: 'failed', id: key, message: messageOf(error) });
      throw error;
    }
  });
  function reasonOf(_run: StageRun, asked: StepOutlook, place: StepPlace): ReturnType<StepCache['explain']> {
    return isUncached(work, stage)
      ? { kind: 'asked', input: '', before: undefined, now: undefined, build: undefined }
      : shared.cache.explain(asked, place);
  }
}

/** `--no-cache` and its filter. */
export function isUncached({ request: { noCache } }: Pick<BuildWork, 'request'>, stage: StagePlan): boolean {
  return noCache === 'all' || noCache.some((name) => name.toLowerCase() === stage.name || name === String(stage.index));
}

function buildOf({ request, deps }: BuildWork): StepPlace['build'] {
  return { name: namesOf(request)[0] ?? '', atMs: deps.now() };
}

/** Builds side by side make a layer once: who comes later reads along. */
async function makeLayer(
  { work, shared, signal }: StageRun,
  stage: StagePlan,
  outlook: StepOutlook,
  place: StepPlace,
  layers: StageLayers,
): Promise<CachedLayer> {
  const { step, key } = outlook;
  const { progress } = work;
  let containerId: string | undefined;
  const onMessage = (message: StepMessage): void => {
    if (message.kind === 'running') ({ containerId } = message);
    progress.tell({ ...message, id: key });
  };
  const flightKey = isUncached(work, stage) ? `${key} ${crypto.randomUUID()}` : key;
  const layer = await shared.flights.run(flightKey, { signal, onMessage }, async (flying, tell) => {
    const flight = perform(work, stage, outlook, layers, shared.locks, tell, flying);
    work.flights.add(flight);
    const made = await flight.finally(() => work.flights.delete(flight));
    shared.cache.add(outlook, made, place);
    return made;
  });
  progress.tell({ kind: 'completed', id: key, containerId: step.kind === 'run' ? containerId : undefined });
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
