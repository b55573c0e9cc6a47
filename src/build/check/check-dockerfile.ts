/** All checks over a Dockerfile, in BuildKit's order (dockerfile2llb/convert.go, DockerfileLint). */
import { KnownError } from '../../lib/errors.ts';
import { formatPlatform } from '../../oci/platform.ts';
import type { Program } from '../instruction/instruction.ts';
import { parseProgramChecked } from '../instruction/program.ts';
import { DockerfileError } from '../parse/dockerfile-error.ts';
import type { Location } from '../parse/location.ts';
import type { SyntaxTree } from '../parse/node.ts';
import { parseDockerfile } from '../parse/parse.ts';
import { createHints } from '../parse/suggest.ts';
import type { ResolveImage } from '../plan/base-image.ts';
import { builtInVariables, type PlanOptions, preparePlan } from '../plan/make-plan.ts';
import type { PlanObserver, SeenInstruction, SeenStage } from '../plan/observer.ts';
import { createCopyCheck } from './check-copy.ts';
import { checkInstruction, type StageMemory } from './check-instruction.ts';
import { fileCheckOptions } from './check-options.ts';
import { checkDefaults, checkHeads, checkStageNames } from './check-stages.ts';
import { checkCasing, checkContinuations, checkNode, createCommentLookup } from './check-tree.ts';
import { type Candidate, type Finding, type Selected, selectFindings } from './finding.ts';
import { RULES } from './rules.ts';

export interface CheckReport {
  /** In the order in which they were found. */
  readonly findings: readonly Finding[];
  /** What a build would fail with. */
  readonly error: CheckError | undefined;
  /** The error is that of `# check=error=true`: without it the Dockerfile could be built. */
  readonly isViolation: boolean;
}

export interface CheckError {
  readonly message: string;
  readonly location: Location | undefined;
}

export interface CheckInput {
  readonly text: string;
  readonly options: PlanOptions;
  /** Patterns of the context's ignore file, as parseIgnoreFile gives them. */
  readonly ignorePatterns: readonly string[];
  readonly resolve: ResolveImage;
  /** Only the stages that the target needs, also without a target's name. */
  readonly onlyNeeded?: boolean;
}

/**
 * Checks a Dockerfile without building it. Without a target every stage is looked at, unless `onlyNeeded`. What is wrong with the Dockerfile is in the report's
 * `error`; what was found before it is kept. Errors: only those that are no KnownError, and cancelled.
 */
export async function checkDockerfile(
  { text, options, ignorePatterns, resolve, onlyNeeded = false }: CheckInput,
  { signal }: { readonly signal: AbortSignal },
): Promise<CheckReport> {
  const candidates: Candidate[] = [];
  let select = (): Selected => NOTHING;
  try {
    if (text === '') throw new DockerfileError('the Dockerfile cannot be empty');
    const tree = parseDockerfile(text);
    const checkOptions = fileCheckOptions(tree, options.buildArgs);
    select = () => selectFindings(candidates, checkOptions, createCommentLookup(tree));
    const found = (more: readonly Candidate[]): void => {
      for (const candidate of more) candidates.push(candidate);
    };
    await collect({ tree, options, ignorePatterns, resolve, onlyNeeded, signal, found });
  } catch (error) {
    signal.throwIfAborted();
    return { findings: select().findings, error: toCheckError(error), isViolation: false };
  }
  const { findings, errors } = select();
  return { findings, error: violation(errors), isViolation: errors.length > 0 };
}

const NOTHING: Selected = { findings: [], errors: [] };

function toCheckError(error: unknown): CheckError {
  if (!(error instanceof KnownError)) throw error;
  return { message: error.message, location: error instanceof DockerfileError ? error.location : undefined };
}

function violation(errors: readonly Finding[]): CheckError | undefined {
  const rules = new Set(errors.map(({ rule }) => rule));
  if (rules.size === 0) return undefined;
  return { message: `lint violation found for rules: ${[...rules].join(', ')}`, location: errors[0]?.location };
}

interface Collecting extends Omit<CheckInput, 'text'> {
  readonly tree: SyntaxTree;
  readonly signal: AbortSignal;
  readonly found: (candidates: readonly Candidate[]) => void;
}

/** Errors: those of parsing and planning; what was found before them has been told. */
async function collect({
  tree,
  options,
  ignorePatterns,
  resolve,
  onlyNeeded,
  signal,
  found,
}: Collecting): Promise<void> {
  found(checkContinuations(tree));
  const program = parseProgramChecked(tree, (node) => found(checkNode(node)));
  found(checkStageNames(program.stages));
  found(checkCasing(tree));
  const near = createHints();
  const builtIn = builtInVariables(program, options);
  const scope = { escape: tree.escape, builtIn, buildArgs: options.buildArgs, platforms: options.platforms, near };
  found(checkDefaults(program, scope));
  found(checkHeads(program, scope));
  const observer = createCheckObserver({ tree, program, options, ignorePatterns, found, near });
  const { planner, target } = preparePlan(program, tree.escape, options, resolve, { signal, observer });
  if (onlyNeeded || options.target !== '') return await planner.plan(target);
  for (const index of program.stages.keys()) await planner.plan(index);
}

interface ObserverDeps extends Pick<Collecting, 'tree' | 'options' | 'ignorePatterns' | 'found'> {
  readonly program: Program;
  readonly near: ReturnType<typeof createHints>;
}

function createCheckObserver({ tree, program, options, ignorePatterns, found, near }: ObserverDeps): PlanObserver {
  const memories = new Map<number, StageMemory>();
  const unknown = new Set<number>();
  const checkCopy = createCopyCheck(ignorePatterns);
  return {
    stage(seen) {
      const parent = seen.base.kind === 'stage' ? seen.base.index : -1;
      if (seen.image?.unknown === true || unknown.has(parent)) unknown.add(seen.index);
      memories.set(seen.index, { last: new Map(), workdirSet: memories.get(parent)?.workdirSet ?? false });
      const stage = program.stages[seen.index];
      if (stage) found(checkBasePlatform(seen, stage.location));
    },
    instruction({ stage, instruction, before }: SeenInstruction) {
      const memory = memories.get(stage) ?? { last: new Map(), workdirSet: false };
      const scope = { escape: tree.escape, buildArgs: options.buildArgs, baseUnknown: unknown.has(stage), near };
      const checked = checkInstruction(instruction, before, memory, scope);
      memories.set(stage, checked.memory);
      found([...checked.candidates, ...checkCopy(instruction, before, tree.escape)]);
    },
  };
}

function checkBasePlatform({ image, name, wanted }: SeenStage, location: Location): readonly Candidate[] {
  if (image === undefined || image.unknown === true) return [];
  const actual = image.document.platform;
  if (actual.os === wanted.os && actual.architecture === wanted.architecture) return [];
  const detail = RULES.InvalidBaseImagePlatform.detail(name, formatPlatform(wanted), formatPlatform(actual));
  return [{ rule: 'InvalidBaseImagePlatform', detail, location }];
}
