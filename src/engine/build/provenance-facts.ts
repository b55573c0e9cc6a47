import type { FileSource, RunStep } from '../../build/plan/plan.ts';
import { formatPlatform } from '../../oci/platform.ts';
import { makeBuildGraph } from './build-graph.ts';
import { sourcesOf } from './evaluate.ts';
import { imageUrl } from './package-url.ts';
import type { Material, ProvenanceFacts, RequiredId } from './provenance.ts';
import type { BuildWork, PlatformResult } from './work.ts';
import type { BuildFacts } from './write-outputs.ts';

/** What provenance tells of a platform's build. `finishedAtMs`: milliseconds since the epoch. */
export function provenanceFacts(
  { work, layers }: PlatformResult,
  { startedAtMs, invocationId }: BuildFacts,
  finishedAtMs: number,
): ProvenanceFacts {
  const { request, plan, outlook, context, deps } = work;
  const runs = plan.stages.flatMap(({ steps }) => steps.filter((step): step is RunStep => step.kind === 'run'));
  return {
    origin: context.origin,
    dockerfile: request.dockerfile,
    args: argsOf(work),
    secrets: idsOf(runs, 'secret'),
    ssh: idsOf(runs, 'ssh'),
    materials: materialsOf(work),
    host: deps.host,
    invocationId,
    startedOn: new Date(startedAtMs).toISOString(),
    finishedOn: new Date(finishedAtMs).toISOString(),
    isHermetic: runs.every(({ network }) => network === 'none'),
    graph: makeBuildGraph({
      stages: [...outlook.stages.values()],
      targetLayers: layers,
      target: plan.target,
      dockerfile: { name: request.dockerfile, text: context.dockerfile },
    }),
  };
}

function argsOf({ request, platform }: BuildWork): Readonly<Record<string, string>> {
  const { target, buildArgs, labels, noCache, pull, hostConfig } = request;
  const prefixed = (prefix: string, values: Readonly<Record<string, string>>): [string, string][] =>
    Object.entries(values).map(([name, value]) => [`${prefix}:${name}`, value]);
  return Object.fromEntries([
    ...prefixed('build-arg', buildArgs),
    ...prefixed('label', labels),
    ...(target === '' ? [] : [['target', target] as const]),
    ...(request.dockerfile === 'Dockerfile' ? [] : [['filename', request.dockerfile] as const]),
    ...(request.platforms.length === 0 ? [] : [['platform', formatPlatform(platform)] as const]),
    ...(noCache === 'all' ? [['no-cache', ''] as const] : []),
    ...(noCache !== 'all' && noCache.length > 0 ? [['no-cache', noCache.join(',')] as const] : []),
    ...(pull ? [['image-resolve-mode', 'pull'] as const] : []),
    ...(hostConfig.NetworkMode ? [['force-network-mode', hostConfig.NetworkMode] as const] : []),
  ]);
}

function idsOf(runs: readonly RunStep[], type: 'secret' | 'ssh'): readonly RequiredId[] {
  const found = new Map<string, boolean>();
  for (const { mounts } of runs)
    for (const mount of mounts) {
      if (mount.type !== type) continue;
      const id = mount.id || mount.source || (type === 'ssh' ? 'default' : mount.target.replace(/.*\//, ''));
      found.set(id, (found.get(id) ?? true) && !mount.required);
    }
  return Array.from(found, ([id, optional]) => ({ id, optional }));
}

/** Images, URLs and repositories that the build has read, each once. */
function materialsOf({ plan, remotes, context, contexts }: BuildWork): readonly Material[] {
  const found = new Map<string, Material>();
  const add = (material: Material): void => void found.set(material.uri, material);
  if (context.origin) add(context.origin);
  for (const { base, steps, platform } of plan.stages) {
    const sources: readonly FileSource[] = [base, ...steps.flatMap((step) => sourcesOf(step))];
    for (const source of sources)
      if (source.kind === 'image')
        add({ uri: imageUrl(source.reference, platform), digest: { sha256: source.digest.replace('sha256:', '') } });
    for (const source of sources) {
      const origin = source.kind === 'named' ? contexts.get(source.id).origin : undefined;
      if (origin) add(origin);
    }
    for (const step of steps) if (step.kind === 'copy') for (const material of remotes.materialsOf(step)) add(material);
  }
  return [...found.values()];
}
