import { KnownError, messageOf } from '../../lib/errors.ts';
import type { Platform } from '../../oci/platform.ts';
import { formatReference, parseReference, withDefaultTag } from '../../oci/reference.ts';
import type { EscapeCharacter } from '../expand/reading.ts';
import type { Instruction, Program, Stage } from '../instruction/instruction.ts';
import { parseTriggerText } from '../instruction/program.ts';
import { located, withPlaceOfName } from '../parse/dockerfile-error.ts';
import type { Location } from '../parse/location.ts';
import { applyInstruction } from './apply.ts';
import type { BaseImage, ResolveImage } from './base-image.ts';
import type { Budget } from './budget.ts';
import { contextImage, draftFrom, emptyImage, type ImageDraft } from './image-draft.ts';
import type { FindNamedSource, NamedSource } from './named-source.ts';
import type { PlanObserver } from './observer.ts';
import type { FileSource, StagePlan, Step } from './plan.ts';
import { scannedBy } from './scanned.ts';
import type { BuildArgs, PlatformPair, Variables } from './scope.ts';
import { fromUses, type StageNames } from './stage-graph.ts';
import type { StageHead } from './stage-head.ts';
import { beginStage, type StageContext, type StageState } from './stage-state.ts';

export interface PlannerDeps {
  readonly program: Program;
  readonly names: StageNames;
  /** By stage. */
  readonly heads: readonly StageHead[];
  readonly escape: EscapeCharacter;
  readonly globals: Variables;
  readonly buildArgs: BuildArgs;
  readonly platforms: PlatformPair;
  readonly budget: Budget;
  readonly named: FindNamedSource;
  readonly resolve: ResolveImage;
  readonly observer: PlanObserver | undefined;
  readonly signal: AbortSignal;
}

export interface Planner {
  /** Plans a stage and those it needs, in the order of the file. Errors: DockerfileError, those of `resolve`. */
  plan(target: number): Promise<void>;
  /** What has been planned so far. */
  stages(): readonly StagePlan[];
}

interface Planned {
  readonly plan: StagePlan;
  readonly state: StageState;
}

interface Begun {
  readonly base: FileSource;
  readonly image: ImageDraft;
  readonly parent: StageState | undefined;
  readonly platform: Platform;
  /** What comes before the stage's own steps: the files of a named context. */
  readonly first: readonly Step[];
}

export function createPlanner(deps: PlannerDeps): Planner {
  const { program, names, heads, observer, signal } = deps;
  const { stages } = program;
  const done = new Map<number, Planned>();

  const plan = async (target: number): Promise<void> => {
    for (const index of neededStages(target, deps, (other) => done.has(other))) await planStage(index);
  };

  const planStage = async (index: number): Promise<void> => {
    const stage = stages[index];
    const head = heads[index];
    if (stage === undefined || head === undefined) throw new KnownError('system', `no stage ${index}`);
    const instead = stage.name === '' ? undefined : replacing(stage, head, deps);
    if (instead !== undefined) {
      const begun = await beginWith(instead, stage, head, index);
      done.set(index, evaluate({ ...stage, instructions: [] }, index, begun, [], new Map()));
      return;
    }
    const begun = await begin(stage, head, index);
    const triggers = located(stage.location, () => (begun.image.config.OnBuild ?? []).map(parseTriggerText));
    const sources = await sourcesOf([...triggers, ...stage.instructions], index, begun.platform);
    done.set(index, evaluate(stage, index, begun, triggers, sources));
  };

  const begin = async (stage: Stage, head: StageHead, index: number): Promise<Begun> => {
    const parentIndex = names.before(head.base, index);
    if (parentIndex !== undefined) {
      const parent = done.get(parentIndex);
      if (parent === undefined) throw new KnownError('system', `stage ${parentIndex} was not planned`);
      const base: FileSource = { kind: 'stage', index: parentIndex };
      observer?.stage?.({ index, name: head.base, base, wanted: parent.plan.platform, image: undefined });
      return { base, image: parent.state.image, parent: parent.state, platform: parent.plan.platform, first: [] };
    }
    const wanted = head.platform ?? deps.platforms.target;
    const named = head.base === 'scratch' ? undefined : deps.named(head.base, wanted);
    return await beginWith(named ?? { kind: 'unnamed', name: head.base }, stage, head, index);
  };

  /** From an image, or from files that become the first layer. */
  const beginWith = async (
    from: NamedSource | { readonly kind: 'unnamed'; readonly name: string },
    stage: Stage,
    head: StageHead,
    index: number,
  ): Promise<Begun> => {
    const wanted = head.platform ?? deps.platforms.target;
    if (from.kind === 'named') {
      const image = contextImage(wanted, head.base);
      const first = [copyOfContext(from, head.base, stage.location)];
      return { base: { kind: 'scratch' }, image, parent: undefined, platform: wanted, first };
    }
    const name = from.kind === 'image' ? from.reference : from.name;
    const { source, image } = await imageSource(name, wanted, stage.location);
    observer?.stage?.({ index, name: head.base, base: source, wanted, image });
    const draft = image === undefined ? emptyImage(wanted) : draftFrom(image.document);
    return { base: source, image: draft, parent: undefined, platform: wanted, first: [] };
  };

  const imageSource = async (
    name: string,
    platform: Platform,
    location: Location,
  ): Promise<{ readonly source: FileSource; readonly image: BaseImage | undefined }> => {
    if (name === 'scratch') return { source: { kind: 'scratch' }, image: undefined };
    const reference = located(location, () => fullReference(name));
    try {
      const image = await deps.resolve(reference, platform, { signal });
      return { source: { kind: 'image', reference, digest: image.digest }, image };
    } catch (error) {
      throw withPlaceOfName(error, location);
    }
  };

  /** Every `--from` of a stage, resolved. Only triggers of a base image can name a stage that is not planned yet. */
  const sourcesOf = async (
    instructions: readonly Instruction[],
    index: number,
    platform: Platform,
  ): Promise<ReadonlyMap<string, FileSource>> => {
    const found = new Map<string, FileSource>();
    for (const { from, allowNumber, location } of fromUses(instructions)) {
      const other = located(location, () => names.named(from, allowNumber));
      if (other !== undefined) {
        if (other < index && !done.has(other)) await plan(other);
        found.set(from, { kind: 'stage', index: other });
      } else if (!found.has(from)) {
        const named = deps.named(from, platform);
        const image = named?.kind === 'image' ? named.reference : from;
        found.set(from, named?.kind === 'named' ? named : (await imageSource(image, platform, location)).source);
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
      escape: deps.escape,
      globals: deps.globals,
      buildArgs: deps.buildArgs,
      budget: deps.budget,
      sourceOf: (from, target) => usable(sources.get(from), from, target, index, name),
    };
    const { OnBuild: _used, ...config } = begun.image.config;
    let state = beginStage({ ...begun.image, config }, begun.parent);
    const steps: Step[] = [...begun.first];
    const all = [
      ...triggers.map((instruction) => ({ ...instruction, location: stage.location })),
      ...stage.instructions,
    ];
    for (const [position, instruction] of all.entries()) {
      const trigger = position < triggers.length;
      const seen = { stage: index, instruction, before: state, trigger };
      observer?.instruction?.(seen);
      const applied = applyInstruction(state, instruction, context, trigger);
      state = applied.state;
      observer?.applied?.({ ...seen, after: state });
      steps.push(applied.step);
    }
    const { base, platform } = begun;
    const scanned = scannedBy(name, state, deps);
    return { state, plan: { index, name, platform, base, steps, image: state.image, ...(scanned && { scanned }) } };
  };

  return {
    plan,
    stages: () =>
      Array.from(done.values(), (planned) => planned.plan).toSorted((left, right) => left.index - right.index),
  };
}

/** The target and what it stands on or copies from, in the order of the file, without what is done and what triggers of base images name. */
function neededStages(target: number, deps: PlannerDeps, isDone: (index: number) => boolean): readonly number[] {
  const { program, names, heads } = deps;
  const needed = new Set<number>();
  const add = (index: number): void => {
    if (!isDone(index)) needed.add(index);
  };
  add(target);
  for (const index of needed) {
    const [stage, head] = [program.stages[index], heads[index]];
    if (stage && head && stage.name !== '' && replacing(stage, head, deps)) continue;
    const parent = names.before(head?.base ?? '', index);
    const triggers = parent === undefined ? [] : triggersOf(program.stages[parent]);
    if (parent !== undefined) add(parent);
    for (const { from, allowNumber, location } of fromUses([
      ...triggers,
      ...(program.stages[index]?.instructions ?? []),
    ])) {
      const other = located(location, () => names.named(from, allowNumber));
      if (other !== undefined && other < index) add(other);
    }
  }
  return [...needed].toSorted((left, right) => left - right);
}

/** The named context that stands for a whole stage. */
function replacing(stage: Stage, head: StageHead, { named, platforms }: PlannerDeps): NamedSource | undefined {
  return named(stage.name, head.platform ?? platforms.target);
}

/** The files of a context as the first step of a stage. */
function copyOfContext(from: FileSource, name: string, location: Location): Step {
  return {
    kind: 'copy',
    instruction: 'COPY',
    source: `[context ${name}] /`,
    location,
    trigger: false,
    createdBy: undefined,
    from,
    paths: ['/'],
    files: [],
    destination: '/',
    chown: '',
    chmod: '',
    link: false,
    parents: false,
    excludes: [],
    checksum: '',
    keepGitDir: false,
    unpack: undefined,
  };
}

function triggersOf(stage: Stage | undefined): readonly Instruction[] {
  return (stage?.instructions ?? []).flatMap((instruction) => {
    if (instruction.kind !== 'onbuild') return [];
    try {
      return [{ ...parseTriggerText(instruction.trigger), location: instruction.location }];
    } catch {
      // refused with its place when the stage on top is planned
      return [];
    }
  });
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
