/** Text of a Dockerfile to a plan: parse, pick the target, resolve the bases it needs, evaluate its stages in order. */
import { KnownError, messageOf } from '../../lib/errors.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ImageDocument } from '../../oci/image-config.ts';
import { type Platform, parsePlatform } from '../../oci/platform.ts';
import { formatReference, parseReference, withDefaultTag } from '../../oci/reference.ts';
import { expand } from '../expand/expand.ts';
import type { EscapeCharacter } from '../expand/reading.ts';
import type { Instruction, Program, Stage } from '../instruction/instruction.ts';
import { parseProgram, parseTriggerText } from '../instruction/program.ts';
import { DockerfileError, located, withLocation } from '../parse/dockerfile-error.ts';
import type { Location } from '../parse/location.ts';
import { parseDockerfile } from '../parse/parse.ts';
import { applyInstruction } from './apply.ts';
import { draftFrom, emptyImage, type ImageDraft, withConfig } from './image-draft.ts';
import type { BuildPlan, FileSource, StagePlan, Step } from './plan.ts';
import {
  type BuildArgs,
  globalVariables,
  type PlatformPair,
  platformVariables,
  proxyEnvironment,
  type Variables,
} from './scope.ts';
import { baseStage, checkCircular, fromUses, namedStage, targetStage } from './stage-graph.ts';
import { beginStage, type StageContext, type StageState } from './stage-state.ts';

export interface PlanOptions {
  /** A stage's name or number; '' is the last one. */
  readonly target: string;
  readonly buildArgs: BuildArgs;
  /** Added to the target's labels. */
  readonly labels: Readonly<Record<string, string>>;
  readonly platforms: PlatformPair;
}

export interface BaseImage {
  /** What the reference stood for. */
  readonly digest: Digest;
  readonly document: ImageDocument;
}

/** Finds the image of a FROM or `--from` (full reference). Errors: not_found and whatever a registry says. */
export type ResolveImage = (
  reference: string,
  platform: Platform,
  options: { readonly signal: AbortSignal },
) => Promise<BaseImage>;

/** Errors: DockerfileError with BuildKit's texts; those of `resolve`, with the text before them that names the image. */
export async function makePlan(
  text: string,
  options: PlanOptions,
  resolve: ResolveImage,
  { signal }: { readonly signal: AbortSignal },
): Promise<BuildPlan> {
  if (text === '') throw new DockerfileError('the Dockerfile cannot be empty');
  const tree = parseDockerfile(text);
  const program = parseProgram(tree);
  const { stages } = program;
  const target = targetStage(stages, options.target);
  const targetName = options.target.toLowerCase() || (stages[target]?.name ?? '');
  const platform = platformVariables(options.platforms, targetName, options.buildArgs);
  const globals = globalVariables(program.globalArgs, platform, options.buildArgs, tree.escape);
  checkCircular(stages);
  const planner = createPlanner({ program, escape: tree.escape, globals, options, resolve, signal });
  await planner.plan(target);
  const planned = planner.stages().toSorted((left, right) => left.index - right.index);
  return {
    target,
    stages: planned.map((stage) => (stage.index === target ? withLabels(stage, options.labels) : stage)),
    proxyEnv: proxyEnvironment(options.buildArgs),
  };
}

function withLabels(stage: StagePlan, labels: PlanOptions['labels']): StagePlan {
  if (Object.keys(labels).length === 0) return stage;
  return { ...stage, image: withConfig(stage.image, { Labels: { ...stage.image.config.Labels, ...labels } }) };
}

interface PlannerDeps {
  readonly program: Program;
  readonly escape: EscapeCharacter;
  readonly globals: Variables;
  readonly options: PlanOptions;
  readonly resolve: ResolveImage;
  readonly signal: AbortSignal;
}

interface Planned {
  readonly plan: StagePlan;
  readonly state: StageState;
}

interface Planner {
  /** Plans a stage and the stages it needs. */
  plan(index: number): Promise<Planned>;
  stages(): readonly StagePlan[];
}

function createPlanner({ program, escape, globals, options, resolve, signal }: PlannerDeps): Planner {
  const { stages } = program;
  const done = new Map<number, Planned>();

  const plan = async (index: number): Promise<Planned> => {
    const ready = done.get(index);
    if (ready) return ready;
    const stage = stages[index];
    if (stage === undefined) throw new KnownError('system', `no stage ${index}`);
    const begun = await begin(stage, index);
    const triggers = located(stage.location, () => (begun.image.config.OnBuild ?? []).map(parseTriggerText));
    const sources = await sourcesOf([...triggers, ...stage.instructions], index, begun.platform);
    const planned = evaluate(stage, index, begun, triggers, sources);
    done.set(index, planned);
    return planned;
  };

  interface Begun {
    readonly base: FileSource;
    readonly image: ImageDraft;
    readonly parent: StageState | undefined;
    readonly platform: Platform;
  }

  const begin = async (stage: Stage, index: number): Promise<Begun> => {
    const name = located(stage.location, () => expandGlobal(stage.base));
    if (name === '') throw new DockerfileError(`base name (${stage.base}) should not be blank`, stage.location);
    const platform = located(stage.location, () => stagePlatform(stage));
    const parent = baseStage(stages, name, index);
    if (parent !== undefined) {
      const { plan: parentPlan, state } = await plan(parent);
      return {
        base: { kind: 'stage', index: parent },
        image: state.image,
        parent: state,
        platform: parentPlan.platform,
      };
    }
    const { source, image } = await imageSource(name, platform ?? options.platforms.target, stage.location);
    return { base: source, image, parent: undefined, platform: platform ?? options.platforms.target };
  };

  const expandGlobal = (text: string): string => expand(text, (name) => globals.get(name), { escape }).text;

  const stagePlatform = (stage: Stage): Platform | undefined => {
    if (stage.platform === '') return undefined;
    const text = expandGlobal(stage.platform);
    if (text === '')
      throw new KnownError('invalid_parameter', `empty platform value from expression ${stage.platform}`);
    try {
      return parsePlatform(text, options.platforms.build);
    } catch (error) {
      throw new KnownError('invalid_parameter', `failed to parse platform ${stage.platform}: ${messageOf(error)}`);
    }
  };

  const imageSource = async (
    name: string,
    platform: Platform,
    location: Location,
  ): Promise<{ readonly source: FileSource; readonly image: ImageDraft }> => {
    if (name === 'scratch') return { source: { kind: 'scratch' }, image: emptyImage(platform) };
    const reference = located(location, () => fullReference(name));
    try {
      const { digest, document } = await resolve(reference, platform, { signal });
      return { source: { kind: 'image', reference, digest }, image: draftFrom(document) };
    } catch (error) {
      throw withLocation(error, location);
    }
  };

  /** Every `--from` of a stage, resolved; stages among them are planned. */
  const sourcesOf = async (
    instructions: readonly Instruction[],
    index: number,
    platform: Platform,
  ): Promise<ReadonlyMap<string, FileSource>> => {
    const found = new Map<string, FileSource>();
    for (const { from, allowNumber, location } of fromUses(instructions)) {
      const other = located(location, () => namedStage(stages, from, allowNumber));
      if (other !== undefined) {
        if (other < index) await plan(other);
        found.set(from, { kind: 'stage', index: other });
      } else if (!found.has(from)) {
        found.set(from, (await imageSource(from, platform, location)).source);
      }
    }
    return found;
  };

  const evaluate = (
    stage: Stage,
    index: number,
    begun: Begun,
    triggers: readonly Instruction[],
    sources: ReadonlyMap<string, FileSource>,
  ): Planned => {
    const name = stage.name || `stage-${index}`;
    const context: StageContext = {
      escape,
      globals,
      buildArgs: options.buildArgs,
      sourceOf: (from, target) => usable(sources.get(from), from, target, index, name),
    };
    const { OnBuild: _used, ...config } = begun.image.config;
    let state = beginStage({ ...begun.image, config }, begun.parent);
    const steps: Step[] = [];
    const all = [
      ...triggers.map((instruction) => ({ ...instruction, location: stage.location })),
      ...stage.instructions,
    ];
    for (const [position, instruction] of all.entries()) {
      const applied = applyInstruction(state, instruction, context, position < triggers.length);
      state = applied.state;
      steps.push(applied.step);
    }
    const { base, platform } = begun;
    return { state, plan: { index, name, platform, base, steps, image: state.image } };
  };

  return { plan, stages: () => Array.from(done.values(), (planned) => planned.plan) };
}

/** A stage must come before the one that takes files from it. */
function usable(
  source: FileSource | undefined,
  from: string,
  mountTarget: string,
  index: number,
  stageName: string,
): FileSource {
  if (source === undefined) throw new KnownError('system', `${from} was not resolved`);
  if (source.kind !== 'stage' || source.index < index) return source;
  const text =
    mountTarget === ''
      ? `cannot copy from stage ${JSON.stringify(from)}, it needs to be defined before current stage ${JSON.stringify(stageName)}`
      : `cannot mount from stage ${JSON.stringify(from)} to ${JSON.stringify(mountTarget)}, stage needs to be defined before current command`;
  throw new KnownError('invalid_parameter', text);
}

function fullReference(name: string): string {
  try {
    return formatReference(withDefaultTag(parseReference(name)));
  } catch (error) {
    throw new KnownError(
      'invalid_parameter',
      `failed to parse stage name ${JSON.stringify(name)}: ${messageOf(error)}`,
    );
  }
}
