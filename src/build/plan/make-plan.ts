/** Text of a Dockerfile to a plan: parse, pick the target, resolve the bases it needs, evaluate its stages in order. */
import type { EscapeCharacter } from '../expand/reading.ts';
import type { Program } from '../instruction/instruction.ts';
import { parseProgram } from '../instruction/program.ts';
import { DockerfileError } from '../parse/dockerfile-error.ts';
import { parseDockerfile } from '../parse/parse.ts';
import type { ResolveImage } from './base-image.ts';
import { createBudget } from './budget.ts';
import { withConfig } from './image-draft.ts';
import type { FindNamedSource } from './named-source.ts';
import type { PlanObserver } from './observer.ts';
import type { BuildPlan, StagePlan } from './plan.ts';
import { createPlanner, type Planner } from './planner.ts';
import {
  type BuildArgs,
  globalVariables,
  type PlatformPair,
  platformVariables,
  proxyEnvironment,
  type Variables,
} from './scope.ts';
import { checkCircular, createStageNames, targetStage } from './stage-graph.ts';
import { expandHead } from './stage-head.ts';

export type { BaseImage, ResolveImage } from './base-image.ts';

export interface PlanOptions {
  /** A stage's name or number; '' is the last one. */
  readonly target: string;
  readonly buildArgs: BuildArgs;
  /** Added to the target's labels. */
  readonly labels: Readonly<Record<string, string>>;
  readonly platforms: PlatformPair;
  /** Default: there are no named contexts. */
  readonly named?: FindNamedSource;
}

/** Errors: DockerfileError with BuildKit's texts; those of `resolve`, with the text before them that names the image. */
export async function makePlan(
  text: string,
  options: PlanOptions,
  resolve: ResolveImage,
  { signal }: { readonly signal: AbortSignal },
): Promise<BuildPlan> {
  if (text === '') throw new DockerfileError('the Dockerfile cannot be empty');
  const tree = parseDockerfile(text);
  const { planner, target } = preparePlan(parseProgram(tree), tree.escape, options, resolve, { signal });
  await planner.plan(target);
  return {
    target,
    stages: planner.stages().map((stage) => (stage.index === target ? withLabels(stage, options.labels) : stage)),
    proxyEnv: proxyEnvironment(options.buildArgs),
  };
}

export interface PreparedPlan {
  readonly planner: Planner;
  /** Index of the target's stage. */
  readonly target: number;
  /** What FROM sees. */
  readonly globals: Variables;
}

/** Everything before the first base is resolved. Errors: DockerfileError. */
export function preparePlan(
  program: Program,
  escape: EscapeCharacter,
  options: PlanOptions,
  resolve: ResolveImage,
  { signal, observer }: { readonly signal: AbortSignal; readonly observer?: PlanObserver },
): PreparedPlan {
  const { stages } = program;
  const { buildArgs, platforms, named = () => undefined } = options;
  const budget = createBudget();
  const globals = globalVariables(program.globalArgs, builtInVariables(program, options), buildArgs, escape, budget);
  const heads = stages.map((stage) => expandHead(stage, globals, escape, platforms.build));
  const names = createStageNames(stages);
  const target = targetStage(stages, names, options.target);
  checkCircular(stages, names);
  const planner = createPlanner({
    program,
    names,
    heads,
    escape,
    globals,
    buildArgs,
    platforms,
    budget,
    named,
    resolve,
    observer,
    signal,
  });
  return { planner, target, globals };
}

/** What FROM sees before any ARG: TARGETPLATFORM and its kin. */
export function builtInVariables({ stages }: Program, { target, platforms, buildArgs }: PlanOptions): Variables {
  return platformVariables(platforms, target.toLowerCase() || (stages.at(-1)?.name ?? ''), buildArgs);
}

function withLabels(stage: StagePlan, labels: PlanOptions['labels']): StagePlan {
  if (Object.keys(labels).length === 0) return stage;
  return { ...stage, image: withConfig(stage.image, { Labels: { ...stage.image.config.Labels, ...labels } }) };
}
