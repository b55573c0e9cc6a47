import { parseIgnoreFile } from '../../build/ignore/ignore-file.ts';
import { createIgnoreMatcher } from '../../build/ignore/matcher.ts';
import { parseProgram } from '../../build/instruction/program.ts';
import { parseDockerfile } from '../../build/parse/parse.ts';
import { makePlan } from '../../build/plan/make-plan.ts';
import type { BuildPlan, FileSource, StagePlan, Step } from '../../build/plan/plan.ts';
import { platformVariables, proxyEnvironment } from '../../build/plan/scope.ts';
import { KnownError } from '../../lib/errors.ts';
import {
  familiarReference,
  formatReference,
  parseReference,
  type Reference,
  withDefaultTag,
} from '../../oci/reference.ts';
import type { Descriptor } from '../../store/content/content-store.ts';
import type { CachedLayer } from '../../store/record/build-cache.ts';
import { type Bases, createBases } from './bases.ts';
import { hashOf } from './cache-key.ts';
import { type BuildContext, readContext, readText } from './context.ts';
import { copyStep, directoryStep } from './copy-step.ts';
import type { BuildDeps } from './deps.ts';
import { type FindLayer, lookAhead, type Outlook, type StageOutlook } from './evaluate.ts';
import { imageDocument } from './image-document.ts';
import { pruneCache } from './prune-cache.ts';
import { runStep } from './run-step.ts';
import type { BuildOutput, BuildRequest, BuildService } from './service.ts';
import { removeAbandoned, type StageLayers, writeManifest } from './stage-files.ts';
import { checkSupported } from './supported.ts';

export function createBuildService(deps: BuildDeps): BuildService {
  return {
    recover: () => removeAbandoned(deps),
    pruneCache: (options) => pruneCache(deps, options),
    async build(request, output, signal) {
      const names = request.names.map(tagOf);
      try {
        using _lease = await deps.collector.lease();
        return await buildImage(deps, request, names, output, signal);
      } finally {
        await deps.collector.collect();
      }
    },
  };
}

function tagOf(name: string): Reference {
  const parsed = parseReference(name);
  if (parsed.digest !== undefined)
    throw new KnownError('invalid_parameter', 'refusing to create a tag with a digest reference');
  return withDefaultTag(parsed);
}

async function buildImage(
  deps: BuildDeps,
  request: BuildRequest,
  names: readonly Reference[],
  output: BuildOutput,
  signal: AbortSignal,
): Promise<string> {
  const archive = deps.decompressor.decompress(request.context, { signal });
  const sent = await readContext(deps.content, archive, signal);
  const text = await readText(sent, request.dockerfile);
  if (text === undefined)
    throw new KnownError('invalid_parameter', `Cannot locate specified Dockerfile: ${request.dockerfile}`);
  const context = await withoutIgnored(sent, request.dockerfile);
  const bases = createBases(deps, request, output);
  const platforms = { build: deps.host, target: request.platform ?? deps.host };
  const { target, buildArgs, labels, hostConfig } = request;
  const plan = await makePlan(text, { target, buildArgs, labels, platforms }, bases.resolve, { signal });
  checkSupported(plan);
  const find: FindLayer = async (key) => {
    const layer = request.noCache ? undefined : deps.cache.layer(key);
    return layer && (await deps.content.has(layer.descriptor.digest, layer.descriptor.size)) ? layer : undefined;
  };
  const outlook = await lookAhead(plan, context, hostConfig, find);
  const work: Work = { deps, request, plan, outlook, context, bases, output, signal, done: new Map() };
  const layers = await runStages(work);
  warnUnused(text, plan, request, output);
  const image = await writeImage(work, layers);
  tag(deps, image, names);
  output.image(image.digest);
  output.text(`Successfully built ${image.digest.slice('sha256:'.length, 'sha256:'.length + 12)}\n`);
  for (const name of names) output.text(`Successfully tagged ${familiarReference(name)}\n`);
  return image.digest;
}

/** The Dockerfile and the ignore file are always sent; here they go when they are ignored. The rest the client has left out. */
async function withoutIgnored(context: BuildContext, dockerfile: string): Promise<BuildContext> {
  const text = await readText(context, '.dockerignore');
  if (text === undefined) return context;
  const matcher = createIgnoreMatcher(parseIgnoreFile(text));
  const gone = new Set(['.dockerignore', dockerfile].filter((path) => matcher.matches(path)).map((path) => `/${path}`));
  return { ...context, entries: new Map(Array.from(context.entries).filter(([path]) => !gone.has(path))) };
}

interface Work {
  readonly deps: BuildDeps;
  readonly request: BuildRequest;
  readonly plan: BuildPlan;
  readonly outlook: Outlook;
  readonly context: BuildContext;
  readonly bases: Bases;
  readonly output: BuildOutput;
  readonly signal: AbortSignal;
  /** Layers of the stages that are ready. */
  readonly done: Map<number, StageLayers>;
}

async function runStages(work: Work): Promise<StageLayers> {
  const { plan, outlook, done } = work;
  const total = plan.stages.reduce((sum, { steps }) => sum + 1 + steps.filter((step) => !step.trigger).length, 0);
  const counter = createCounter(work.output, total);
  for (const { index } of plan.stages) {
    const stage = outlook.stages.get(index);
    if (stage) done.set(index, await runStage(work, stage, counter));
  }
  return done.get(plan.target) ?? [];
}

type Counter = (source: string) => void;

function createCounter(output: BuildOutput, total: number): Counter {
  let number = 0;
  return (source) => output.text(`Step ${++number}/${total} : ${source}\n`);
}

async function runStage(work: Work, outlook: StageOutlook, count: Counter): Promise<StageLayers> {
  const { output, signal, deps } = work;
  const { stage, keys, cached, baseKey } = outlook;
  const needed = work.outlook.needed.has(stage.index);
  count(fromText(stage));
  output.text(` ---> ${stage.base.kind === 'scratch' ? '' : baseKey.slice(0, 12)}\n`);
  const triggers = stage.steps.filter((step) => step.trigger).length;
  if (triggers > 0) output.text(`# Executing ${triggers} build trigger${triggers === 1 ? '' : 's'}\n`);
  let layers = needed ? layersOf(work, stage.base) : [];
  for (const [index, step] of stage.steps.entries()) {
    signal.throwIfAborted();
    if (!step.trigger) count(step.source);
    const key = keys[index] ?? baseKey;
    if (step.kind !== 'config') {
      const hit = !needed || index < cached.length;
      if (hit) output.text(' ---> Using cache\n');
      const layer = hit ? cached[index] : await runOne(work, stage, step, layers);
      if (layer && hit) deps.cache.countUse(key);
      if (layer && !hit) deps.cache.keepLayer(key, layer, step.source);
      if (layer) layers = [...layers, layer];
    }
    output.text(` ---> ${key.slice(0, 12)}\n`);
  }
  return layers;
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

function layersOf({ bases, done }: Work, source: FileSource): StageLayers {
  if (source.kind === 'image') return bases.layersOf(source.reference);
  return source.kind === 'stage' ? (done.get(source.index) ?? []) : [];
}

async function runOne(
  work: Work,
  { platform }: StagePlan,
  step: Exclude<Step, { readonly kind: 'config' }>,
  layers: StageLayers,
): Promise<CachedLayer> {
  const { deps, request, plan, context, output, signal } = work;
  switch (step.kind) {
    case 'run': {
      const { hostConfig } = request;
      return await runStep(deps, step, { layers, platform, hostConfig, proxyEnv: plan.proxyEnv }, output, signal);
    }
    case 'copy': {
      const source =
        step.from.kind === 'context'
          ? ({ kind: 'context', context } as const)
          : ({ kind: 'layers', layers: layersOf(work, step.from) } as const);
      return await copyStep(deps, step, { layers, platform, source }, signal);
    }
    case 'directory':
      return await directoryStep(deps, step, { layers, platform }, signal);
  }
}

/** The same build gives the same image: one written before is used again. */
async function writeImage({ deps, request, plan, outlook, signal }: Work, layers: StageLayers): Promise<Descriptor> {
  const target = outlook.stages.get(plan.target);
  if (!target) throw new KnownError('system', 'the target was not planned');
  const { image } = target.stage;
  const key = hashOf(['image', layers.map((layer) => layer.diffId), imageDocument(image, layers, '')]);
  const before = request.noCache ? undefined : deps.cache.image(key);
  if (before && deps.records.find(before.digest)) return before;
  const document = imageDocument(image, layers, new Date(deps.now()).toISOString());
  const written = await writeManifest(deps, document, layers, signal);
  await deps.layers.ensureUnpacked(layers, { signal });
  signal.throwIfAborted();
  deps.records.put(written, [], deps.now());
  deps.cache.keepImage(key, written);
  return written;
}

function tag({ records, events, now }: BuildDeps, image: Descriptor, names: readonly Reference[]): void {
  records.put(image, names.map(formatReference), now());
  for (const reference of names) {
    const name = familiarReference(reference);
    events.publish({ type: 'image', action: 'tag', id: image.digest, attributes: { name } });
  }
}

function warnUnused(
  text: string,
  { stages }: BuildPlan,
  { buildArgs, platform, target }: BuildRequest,
  output: BuildOutput,
): void {
  const { globalArgs, stages: written } = parseProgram(parseDockerfile(text));
  const host = { os: 'linux', architecture: '' };
  const known = new Set(platformVariables({ build: host, target: platform ?? host }, target, {}).keys());
  const steps = stages.flatMap((stage) => stage.steps.filter((step) => step.trigger).map((step) => step.source));
  for (const instruction of [...globalArgs, ...written.flatMap((stage) => stage.instructions)])
    if (instruction.kind === 'arg') for (const { name } of instruction.args) known.add(name);
  for (const source of steps) for (const name of source.match(/\w+/g) ?? []) known.add(name);
  const unused = Object.keys(buildArgs).filter(
    (name) => !known.has(name) && proxyEnvironment({ [name]: '' }).length === 0,
  );
  if (unused.length > 0)
    output.text(`[Warning] One or more build-args [${unused.toSorted().join(' ')}] were not consumed\n`);
}
