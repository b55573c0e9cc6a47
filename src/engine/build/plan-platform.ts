import { makePlan } from '../../build/plan/make-plan.ts';
import type { BuildPlan } from '../../build/plan/plan.ts';
import type { Platform } from '../../oci/platform.ts';
import { type LookAhead, lookAhead } from './evaluate.ts';
import type { ImportedCaches } from './import-cache.ts';
import { prepareRemotes } from './prepare-remotes.ts';
import { isUncached, type SharedWork } from './run-stages.ts';
import { checkAllowed } from './supported.ts';
import { type BuildWork, layersOf } from './work.ts';

type Planning = Omit<BuildWork, 'plan' | 'outlook' | 'remotes' | 'lookAhead' | 'finished' | 'done'> & {
  readonly platform: Platform;
  /** Of folders for what is fetched. */
  readonly prefix: string;
  readonly imported: ImportedCaches;
};

/** The graph of one platform: what is to be done, and which of it is in the cache. Errors: those of makePlan; forbidden. */
export async function planPlatform(
  { prefix, imported, ...planning }: Planning,
  shared: SharedWork,
  signal: AbortSignal,
): Promise<BuildWork> {
  const { deps, request, bases, context, contexts, folder, clampSeconds, platform } = planning;
  const { target, buildArgs, labels } = request;
  const platforms = { build: deps.host, target: platform };
  const options = { target, buildArgs, labels, platforms, named: contexts.find };
  const made = await makePlan(context.dockerfile, options, bases.resolve, { signal });
  const plan = request.attestations.sbom ? made : withoutScans(made);
  checkAllowed(plan, request, deps.readCdi);
  await context.bring?.(plan, signal);
  await contexts.prepare(plan, signal);
  const remotes = await prepareRemotes(deps, plan, { folder, prefix }, request.session, signal);
  const done: BuildWork['done'] = new Map();
  const ahead: LookAhead = {
    treeOf: (id) => (id === undefined ? context.tree : contexts.get(id).tree),
    hostConfig: request.hostConfig,
    hostname: buildArgs['BUILDKIT_SANDBOX_HOSTNAME'] ?? '',
    clampSeconds,
    remoteInputs: (step) => remotes.inputsOf(step),
    find: async (key, stage, below) =>
      isUncached({ request }, stage)
        ? undefined
        : ((await shared.cache.find(key, below)) ?? (await imported.find(key, below, signal))),
    isForced: (stage) => isUncached({ request }, stage),
    resolve: (key) => shared.cache.resolve(key),
    baseLayers: (source) => layersOf({ bases, done }, source),
  };
  const outlook = await lookAhead(plan, ahead);
  return { ...planning, plan, outlook, remotes, lookAhead: ahead, finished: new Map(), done };
}

/** Nothing is made or brought only to be scanned where no SBOM is asked for. */
function withoutScans(plan: BuildPlan): BuildPlan {
  return { ...plan, stages: plan.stages.map(({ scanned: _none, ...stage }) => stage) };
}

/** How many instructions are told of: those of triggers are not counted. */
export function countSteps({ stages }: BuildPlan): number {
  return stages.reduce((sum, { steps }) => sum + 1 + steps.filter((step) => !step.trigger).length, 0);
}
