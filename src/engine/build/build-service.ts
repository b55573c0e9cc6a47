import { createSharedFlights } from '../../lib/async/shared-flight.ts';
import type { CachedLayer } from '../../store/record/build-cache.ts';
import { buildImage } from './build-image.ts';
import { createCacheLocks } from './cache-locks.ts';
import type { BuildDeps } from './deps.ts';
import { filtersOf } from './gc-policy.ts';
import { checkOutputs } from './outputs.ts';
import { pruneCache } from './prune-cache.ts';
import type { SharedWork } from './run-stages.ts';
import { removeAbandoned, type StepMessage } from './run-step.ts';
import { createRunningBuilds } from './running-builds.ts';
import type { BuildService } from './service.ts';
import { createStepCache } from './step-cache.ts';

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
      const attributes = { reclaimed: String(report.reclaimedBytes) };
      deps.events.publish({ type: 'builder', action: 'prune', id: '', attributes });
      return report;
    },
    async build(request, progress, outer) {
      checkOutputs(request);
      using cancelling = running.begin(request.id, outer);
      const { signal } = cancelling;
      const lease = await deps.collector.lease();
      const folder = deps.folders.create();
      const held = request.source.kind === 'files' ? request.source.files.hold() : undefined;
      const flights = new Set<Promise<unknown>>();
      try {
        return await buildImage({ deps, request, progress, folder, flights }, shared, signal);
      } finally {
        const end = async (): Promise<void> => {
          await Promise.allSettled(flights);
          held?.[Symbol.dispose]();
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

/** What the rules say that the cache need not keep goes, what was not used for longest first. */
async function limitCache(deps: BuildDeps, isTaken: (name: string) => boolean): Promise<void> {
  try {
    for (const rule of deps.gcRules)
      await pruneCache(deps, { all: rule.all, space: rule.space, filters: filtersOf(rule) }, isTaken);
  } catch (error) {
    deps.report('limiting the build cache', error);
  }
}
