/** What a target takes from outside (BuildKit's subrequest frontend.outline; dockerfile2llb/outline.go). */
import type { ArgInstruction, Program, Stage } from '../instruction/instruction.ts';
import { parseProgram } from '../instruction/program.ts';
import { DockerfileError } from '../parse/dockerfile-error.ts';
import type { Location } from '../parse/location.ts';
import type { SyntaxTree } from '../parse/node.ts';
import { parseDockerfile } from '../parse/parse.ts';
import type { ResolveImage } from '../plan/base-image.ts';
import { type PlanOptions, preparePlan } from '../plan/make-plan.ts';
import type { SeenInstruction } from '../plan/observer.ts';
import type { FileSource, StagePlan } from '../plan/plan.ts';
import type { Variables } from '../plan/scope.ts';
import { expandHeadWord } from '../plan/stage-head.ts';
import { type GlobalArgInfo, globalArgInfos } from './global-args.ts';

export interface Outline {
  /** The target's; '' without AS. */
  readonly name: string;
  readonly description: string;
  readonly args: readonly OutlineArg[];
  readonly secrets: readonly OutlineMount[];
  readonly ssh: readonly OutlineMount[];
  readonly caches: readonly OutlineCache[];
}

export interface OutlineArg {
  readonly name: string;
  readonly description: string;
  readonly value: string;
  readonly location: Location;
}

export interface OutlineMount {
  readonly name: string;
  readonly required: boolean;
  readonly location: Location;
}

export interface OutlineCache {
  readonly id: string;
  readonly location: Location;
}

/** Errors: as makePlan. */
export async function makeOutline(
  text: string,
  options: PlanOptions,
  resolve: ResolveImage,
  { signal }: { readonly signal: AbortSignal },
): Promise<Outline> {
  if (text === '') throw new DockerfileError('the Dockerfile cannot be empty');
  const tree = parseDockerfile(text);
  const program = parseProgram(tree);
  const args: SeenArg[] = [];
  const observer = {
    applied({ stage, instruction, after }: SeenInstruction & { readonly after: SeenInstruction['before'] }): void {
      if (instruction.kind === 'arg')
        args.push({ stage, instruction, values: after.args.slice(-instruction.args.length).map(({ value }) => value) });
    },
  };
  const { planner, target, globals } = preparePlan(program, tree.escape, options, resolve, { signal, observer });
  await planner.plan(target);
  return toOutline({ tree, program, options, globals, args, plans: planner.stages() }, target);
}

interface SeenArg {
  readonly stage: number;
  readonly instruction: ArgInstruction;
  readonly values: readonly (string | undefined)[];
}

interface Gathered {
  readonly tree: SyntaxTree;
  readonly program: Program;
  readonly options: PlanOptions;
  readonly globals: Variables;
  readonly args: readonly SeenArg[];
  readonly plans: readonly StagePlan[];
}

function toOutline(gathered: Gathered, target: number): Outline {
  const { tree, program, options, globals } = gathered;
  const plans = reachable(target, gathered.plans);
  const mounts = plans.flatMap(({ steps }) =>
    steps.flatMap((step) =>
      step.kind === 'run' ? step.mounts.map((mount) => ({ ...mount, location: step.location })) : [],
    ),
  );
  const named = (type: 'secret' | 'ssh'): readonly OutlineMount[] =>
    mounts
      .filter((mount) => mount.type === type)
      .map((mount) => ({ name: mountName(mount), required: mount.required, location: mount.location }));
  const caches = mounts
    .filter(({ type }) => type === 'cache')
    .map(({ id, target: path, location }) => ({ id: id || path, location }));
  const infos = globalArgInfos(program.globalArgs, tree.escape, options, globals);
  const declared = Map.groupBy(gathered.args, ({ stage }) => stage);
  const args = plans.flatMap(({ index }) => {
    const stage = program.stages[index];
    return stage === undefined ? [] : argsOf(stage, declared.get(index) ?? [], infos, gathered);
  });
  return {
    name: program.stages[target]?.name ?? '',
    description: program.stages[target]?.description ?? '',
    args: inOrder(firstOf(args, ({ name }) => name)),
    secrets: inOrder(firstOf(named('secret'), ({ name }) => name)),
    ssh: inOrder(firstOf(named('ssh'), ({ name }) => name)),
    caches: inOrder(firstOf(caches, ({ id }) => id)),
  };
}

/** The target first, then its base and what it copies from, depth first. */
function reachable(target: number, plans: readonly StagePlan[]): readonly StagePlan[] {
  const byIndex = new Map(plans.map((plan) => [plan.index, plan]));
  const seen = new Set<number>();
  const waiting = [target];
  for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
    if (seen.has(index)) continue;
    seen.add(index);
    const plan = byIndex.get(index);
    const sources = plan === undefined ? [] : [plan.base, ...plan.steps.flatMap(stepSources)];
    waiting.push(...sources.flatMap((source) => (source.kind === 'stage' ? [source.index] : [])).toReversed());
  }
  return [...seen].flatMap((index) => byIndex.get(index) ?? []);
}

function stepSources(step: StagePlan['steps'][number]): readonly FileSource[] {
  if (step.kind === 'copy') return [step.from];
  return step.kind === 'run' ? step.mounts.map(({ from }) => from) : [];
}

/** Those that FROM uses, with what their defaults use, and those that the stage declares. */
function argsOf(stage: Stage, own: readonly SeenArg[], infos: Infos, gathered: Gathered): readonly OutlineArg[] {
  const { tree, options, globals } = gathered;
  const used = [stage.base, stage.platform].flatMap((word) => [...expandHeadWord(word, globals, tree.escape).used]);
  const found = new Map(withUses(used, infos));
  for (const { instruction, values } of own) {
    for (const [position, { name, value, description }] of instruction.args.entries()) {
      // one without anything of its own is the global one
      const inherited = value === undefined && !Object.hasOwn(options.buildArgs, name) && globals.has(name);
      if (!inherited)
        found.set(name, { name, description, value: values[position] ?? '', location: instruction.location });
      else for (const [other, info] of withUses([name], infos)) if (!found.has(other)) found.set(other, info);
    }
  }
  return [...found.values()].map(({ name, description, value, location }) => ({ name, description, value, location }));
}

type Infos = ReadonlyMap<string, GlobalArgInfo>;

/** Global ARGs by name, and all that their defaults need. */
function withUses(names: readonly string[], infos: Infos): ReadonlyMap<string, OutlineArg> {
  const needed = new Set(names);
  for (const name of needed)
    for (let info = infos.get(name); info !== undefined; info = info.previous)
      for (const other of info.uses) needed.add(other);
  return new Map(
    [...needed].flatMap((name) => {
      const info = infos.get(name);
      return info === undefined ? [] : [[name, info] as const];
    }),
  );
}

function mountName(mount: {
  readonly type: string;
  readonly id: string;
  readonly source: string;
  readonly target: string;
}): string {
  if (mount.type === 'ssh') return mount.id || 'default';
  return mount.source || mount.id || mount.target.replace(/^.*\//, '');
}

function firstOf<T>(items: readonly T[], key: (item: T) => string): readonly T[] {
  return [...new Map(items.toReversed().map((item) => [key(item), item])).values()].toReversed();
}

function inOrder<T extends { readonly location: Location }>(items: readonly T[]): readonly T[] {
  return items.toSorted((left, right) => left.location.start - right.location.start);
}
