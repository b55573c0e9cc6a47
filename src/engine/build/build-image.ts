import { KnownError } from '../../lib/errors.ts';
import type { BuildFolder } from '../../linux/build/build-folders.ts';
import { formatPlatform } from '../../oci/platform.ts';
import { createBases } from './bases.ts';
import { checkBuild } from './check-build.ts';
import type { BuildDeps } from './deps.ts';
import { importCaches } from './import-cache.ts';
import { createNamedContexts } from './named-contexts.ts';
import { openContext } from './open-context.ts';
import { countSteps, planPlatform } from './plan-platform.ts';
import type { ProgressSink } from './progress.ts';
import type { BuildResult } from './request.ts';
import { runStages, type SharedWork } from './run-stages.ts';
import type { BuildRequest } from './service.ts';
import { unusedArgs } from './unused-args.ts';
import type { BuildWork, PlatformResult } from './work.ts';
import { writeOutputs } from './write-outputs.ts';

export interface BegunBuild {
  readonly deps: BuildDeps;
  readonly request: BuildRequest;
  readonly progress: ProgressSink;
  readonly folder: BuildFolder;
  readonly flights: Set<Promise<unknown>>;
}

/** One build, from the context to its outputs. Errors: those of BuildService.build. */
export async function buildImage(begun: BegunBuild, shared: SharedWork, signal: AbortSignal): Promise<BuildResult> {
  const { deps, request, progress, folder } = begun;
  const startedAtMs = deps.now();
  const clampSeconds = parseEpoch(request.buildArgs['SOURCE_DATE_EPOCH']);
  const context = await openContext(deps, request, folder, signal);
  const contexts = await createNamedContexts(deps, request.contexts, folder, signal);
  const bases = createBases(deps, request, progress, contexts.images);
  const platforms = request.platforms.length === 0 ? [deps.host] : request.platforms;
  await checkBuild(begun, { context, contexts, bases, platform: platforms[0] ?? deps.host }, signal);
  const imported = await importCaches(begun, shared.cache, signal);
  const works: BuildWork[] = [];
  for (const [index, platform] of platforms.entries()) {
    const platformName = platforms.length === 1 ? '' : formatPlatform(platform);
    const prefix = `p${index}`;
    works.push(
      await planPlatform(
        { ...begun, context, contexts, bases, clampSeconds, platform, platformName, prefix, imported },
        shared,
        signal,
      ),
    );
  }
  progress.tell({ kind: 'planned', steps: works.reduce((sum, { plan }) => sum + countSteps(plan), 0) });
  const results = await runPlatforms(works, shared, signal);
  deps.cache.countUses(
    works.flatMap(({ outlook }) =>
      [...outlook.stages.values()].flatMap(({ steps }) => steps.flatMap(({ cached, key }) => (cached ? key : []))),
    ),
  );
  const [first] = works;
  const unused = first ? unusedArgs(context.dockerfile, first.plan, request) : [];
  if (unused.length > 0)
    progress.tell({ kind: 'warning', text: `One or more build-args [${unused.join(' ')}] were not consumed` });
  await shared.cache.settle();
  return await writeOutputs(
    begun,
    results,
    { clampSeconds, startedAtMs, invocationId: request.id || crypto.randomUUID() },
    signal,
  );
}

/** Side by side; the first that fails ends the others. */
async function runPlatforms(
  works: readonly BuildWork[],
  shared: SharedWork,
  signal: AbortSignal,
): Promise<readonly PlatformResult[]> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const running = works.map(async (work) => {
    try {
      return { work, layers: await runStages(work, shared, either) };
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  });
  const settled = await Promise.allSettled(running);
  signal.throwIfAborted();
  if (failed.signal.aborted) throw failed.signal.reason;
  return settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}

/** Seconds since the epoch. Errors: invalid_parameter. */
function parseEpoch(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (/^\d{1,12}$/.test(text)) return Number(text);
  throw new KnownError('invalid_parameter', `invalid SOURCE_DATE_EPOCH: ${text}`);
}
