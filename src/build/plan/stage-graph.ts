import { KnownError } from '../../lib/errors.ts';
import type { Instruction, Stage } from '../instruction/instruction.ts';
import { parseMount } from '../instruction/mount.ts';
import { DockerfileError, located } from '../parse/dockerfile-error.ts';
import type { Location } from '../parse/location.ts';
import { withSuggestion } from '../parse/suggest.ts';

/** Finds stages by what FROM and `--from` say; names are compared in lower case. */
export interface StageNames {
  /** The stage that FROM names: the last one before `index` with that name. */
  before(name: string, index: number): number | undefined;
  /** The stage that `--from` names, by number or name; undefined when it must be an image. Errors: invalid_parameter. */
  named(from: string, allowNumber: boolean): number | undefined;
}

export function createStageNames(stages: readonly Stage[]): StageNames {
  const indexes = new Map<string, number[]>();
  for (const [index, { name }] of stages.entries()) {
    const same = indexes.get(name);
    if (same) same.push(index);
    else if (name !== '') indexes.set(name, [index]);
  }
  return {
    before: (name, index) => indexes.get(name.toLowerCase())?.findLast((other) => other < index),
    named(from, allowNumber) {
      if (!allowNumber || !/^[-+]?\d+$/.test(from)) return indexes.get(from.toLowerCase())?.at(-1);
      const index = Number(from);
      if (index < 0 || index >= stages.length)
        throw new KnownError('invalid_parameter', `invalid stage index ${index}`);
      return index;
    },
  };
}

/** The last stage, or the one that `target` names. Errors: DockerfileError. */
export function targetStage(stages: readonly Stage[], names: StageNames, target: string): number {
  if (target === '') return stages.length - 1;
  const found = names.named(target, true);
  if (found !== undefined) return found;
  const known = stages.map((stage, index) => stage.name || `stage-${index}`);
  throw new DockerfileError(withSuggestion(`target stage ${JSON.stringify(target)} could not be found`, target, known));
}

/** What an instruction names by `--from`. */
export interface FromUse {
  readonly from: string;
  /** Only COPY takes a stage's number. */
  readonly allowNumber: boolean;
  readonly location: Location;
}

export function fromUses(instructions: readonly Instruction[]): readonly FromUse[] {
  return instructions.flatMap((instruction): readonly FromUse[] => {
    const { location } = instruction;
    if (instruction.kind === 'copy' && instruction.from !== '')
      return [{ from: instruction.from, allowNumber: true, location }];
    if (instruction.kind !== 'run') return [];
    return instruction.mounts.flatMap((text) => {
      const from = mountFrom(text);
      return from === '' ? [] : [{ from, allowNumber: false, location }];
    });
  });
}

/** `from` never holds a variable, so it can be told before the others are known. */
function mountFrom(text: string): string {
  try {
    return parseMount(text, (value) => value).from;
  } catch {
    // wrong only until its variables are expanded, or refused with its place when it is planned
    return /(?:^|,)from=([^,]*)/i.exec(text)?.[1] ?? '';
  }
}

/** Errors: DockerfileError when stages copy from each other in a ring. */
export function checkCircular(stages: readonly Stage[], names: StageNames): void {
  const uses = stages.map((stage) =>
    fromUses(stage.instructions).flatMap(({ from, allowNumber, location }) => {
      const index = located(location, () => names.named(from, allowNumber));
      return index === undefined ? [] : [{ index, location }];
    }),
  );
  const done = new Set<number>();
  for (const [index, stage] of stages.entries()) {
    const location = findRing(index, uses, done);
    if (location === undefined) continue;
    const name = stage.name || `stage-${index}`;
    throw new DockerfileError(`circular dependency detected on stage: ${name}`, location);
  }
}

interface Use {
  readonly index: number;
  readonly location: Location;
}

/**
 * Walks depth first from `start`, over stages that are not `done`; where a stage of the own path comes again, the location of that use. The
 * path is a list and not the call stack: a Dockerfile may have as many stages as it has lines.
 */
function findRing(start: number, uses: readonly (readonly Use[])[], done: Set<number>): Location | undefined {
  if (done.has(start)) return undefined;
  done.add(start);
  const path = [{ index: start, next: 0 }];
  const onPath = new Set([start]);
  for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
    const use = uses[top.index]?.[top.next];
    top.next += 1;
    if (use === undefined) {
      onPath.delete(top.index);
      path.pop();
    } else if (onPath.has(use.index)) return use.location;
    else if (!done.has(use.index)) {
      done.add(use.index);
      onPath.add(use.index);
      path.push({ index: use.index, next: 0 });
    }
  }
  return undefined;
}
