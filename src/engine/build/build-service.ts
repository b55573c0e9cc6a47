import { makePlan } from '../../build/plan/make-plan.ts';
import type { BuildPlan } from '../../build/plan/plan.ts';
import { createSharedFlights } from '../../lib/async/shared-flight.ts';
import { KnownError } from '../../lib/errors.ts';
import type { BuildFolder } from '../../linux/build/build-folders.ts';
import { familiarReference, parseReference, type Reference, withDefaultTag } from '../../oci/reference.ts';
import type { CachedLayer } from '../../store/record/build-cache.ts';
import { createBases } from './bases.ts';
import { createCacheLocks } from './cache-locks.ts';
import type { BuildDeps } from './deps.ts';
import { lookAhead } from './evaluate.ts';
import { openContext } from './open-context.ts';
import { namesOf } from './outputs.ts';
import { prepareRemotes } from './prepare-remotes.ts';
import type { ProgressSink } from './progress.ts';
import { pruneCache } from './prune-cache.ts';
import { isUncached, runStages, type SharedWork } from './run-stages.ts';
import { removeAbandoned, type StepMessage } from './run-step.ts';
import { createRunningBuilds } from './running-builds.ts';
import type { BuildRequest, BuildService } from './service.ts';
import { createStepCache } from './step-cache.ts';
import { checkAllowed, checkSupported } from './supported.ts';
import { unusedArgs } from './unused-args.ts';
import { type BuildWork, layersOf } from './work.ts';
import { tagImage, writeImage } from './write-image.ts';

export function createBuildService(deps: BuildDeps): BuildService {
  const locks = createCacheLocks();
  const shared: SharedWork = {
    cache: createStepCache(deps),
    flights: createSharedFlights<CachedLayer, StepMessage>(),
    locks,
  };
  const running = createRunningBuilds();
  return {
    recover: () => removeAbandoned(deps),
    cancel: (id) => running.cancel(id),
    pruneCache: async (options) => {
      const report = await pruneCache(deps, options, (name) => locks.isTaken(name));
      await deps.collector.collect();
      return report;
    },
    async build(request, progress, outer) {
      checkSupported(request);
      const names = namesOf(request).map(tagOf);
      using cancelling = running.begin(request.id, outer);
      const { signal } = cancelling;
      const lease = await deps.collector.lease();
      const folder = deps.folders.create();
      const flights = new Set<Promise<unknown>>();
      try {
        const imageId = await buildImage({ deps, request, progress, folder, flights }, shared, names, signal);
        return { imageId, metadata: {} };
      } finally {
        const end = async (): Promise<void> => {
          await Promise.allSettled(flights);
          await shared.cache.settle().finally(() => lease[Symbol.dispose]());
          await folder[Symbol.asyncDispose]();
          // nobody's answer waits for what is removed
          deps.background.spawn('collection after a build', async () => {
            await limitCache(deps, (name) => locks.isTaken(name));
            await deps.collector.collect();
          });
        };
        // another build may wait for a step that this one's folder is the source of
        if (flights.size > 0) deps.background.spawn('the end of a build', end);
        else await end();
      }
    },
  };
}

/** What was not used for longest goes when the cache takes more than it may. */
async function limitCache(deps: BuildDeps, isTaken: (name: string) => boolean): Promise<void> {
  const space = { reservedBytes: deps.cacheLimitBytes, maxUsedBytes: 0, minFreeBytes: 0 };
  try {
    await pruneCache(deps, { all: false, space, filters: new Map() }, isTaken);
  } catch (error) {
    deps.report('limiting the build cache', error);
  }
}

function tagOf(name: string): Reference {
  const parsed = parseReference(name);
  if (parsed.digest !== undefined)
    throw new KnownError('invalid_parameter', 'refusing to create a tag with a digest reference');
  return withDefaultTag(parsed);
}

interface Begun {
  readonly deps: BuildDeps;
  readonly request: BuildRequest;
  readonly progress: ProgressSink;
  readonly folder: BuildFolder;
  readonly flights: Set<Promise<unknown>>;
}

async function buildImage(
  begun: Begun,
  shared: SharedWork,
  names: readonly Reference[],
  signal: AbortSignal,
): Promise<string> {
  const { deps, request, progress, folder } = begun;
  const clampSeconds = parseEpoch(request.buildArgs['SOURCE_DATE_EPOCH']);
  const context = await openContext(deps, request, folder, signal);
  const bases = createBases(deps, request, progress);
  const { target, buildArgs, labels } = request;
  const platforms = { build: deps.host, target: request.platforms[0] ?? deps.host };
  const plan = await makePlan(context.dockerfile, { target, buildArgs, labels, platforms }, bases.resolve, { signal });
  checkAllowed(plan, request);
  const remotes = await prepareRemotes(deps, plan, folder, request.session, signal);
  const done: BuildWork['done'] = new Map();
  const outlook = await lookAhead(plan, {
    context: context.tree,
    hostConfig: request.hostConfig,
    hostname: buildArgs['BUILDKIT_SANDBOX_HOSTNAME'] ?? '',
    clampSeconds,
    remoteInputs: (step) => remotes.inputsOf(step),
    find: async (key, stage, below) =>
      isUncached({ request }, stage) ? undefined : await shared.cache.find(key, below),
    baseLayers: (source) => layersOf({ bases, done }, source),
  });
  progress.tell({ kind: 'planned', steps: countSteps(plan) });
  const work: BuildWork = { ...begun, plan, outlook, context, remotes, bases, clampSeconds, done };
  const layers = await runStages(work, shared, signal);
  deps.cache.countUses(
    [...outlook.stages.values()].flatMap(({ steps }) => steps.flatMap(({ cached, key }) => (cached ? key : []))),
  );
  const unused = unusedArgs(context.dockerfile, plan, request);
  if (unused.length > 0)
    progress.tell({ kind: 'warning', text: `One or more build-args [${unused.join(' ')}] were not consumed` });
  await shared.cache.settle();
  const image = await writeImage(work, layers, signal);
  tagImage(deps, image, names);
  progress.tell({ kind: 'image', imageId: image.digest, names: names.map(familiarReference) });
  return image.digest;
}

/** Seconds since the epoch. Errors: invalid_parameter. */
function parseEpoch(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (/^\d{1,12}$/.test(text)) return Number(text);
  throw new KnownError('invalid_parameter', `invalid SOURCE_DATE_EPOCH: ${text}`);
}

function countSteps({ stages }: BuildPlan): number {
  return stages.reduce((sum, { steps }) => sum + 1 + steps.filter((step) => !step.trigger).length, 0);
}
