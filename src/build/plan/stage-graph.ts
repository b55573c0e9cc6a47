import { KnownError } from '../../lib/errors.ts';
import type { Instruction, Stage } from '../instruction/instruction.ts';
import { parseMount } from '../instruction/mount.ts';
import { DockerfileError } from '../parse/dockerfile-error.ts';
import type { Location } from '../parse/location.ts';
import { nearest } from '../parse/suggest.ts';

/** The stage that FROM names: the last one before `index` with that name. */
export function baseStage(stages: readonly Stage[], base: string, index: number): number | undefined {
  const found = stages.slice(0, index).findLastIndex((stage) => stage.name !== '' && stage.name === base.toLowerCase());
  return found === -1 ? undefined : found;
}

/** The stage that `--from` names, by number or name; undefined when it must be an image. Errors: invalid_parameter. */
export function namedStage(stages: readonly Stage[], from: string, allowNumber: boolean): number | undefined {
  if (allowNumber && /^[-+]?\d+$/.test(from)) {
    const index = Number(from);
    if (index < 0 || index >= stages.length) throw new KnownError('invalid_parameter', `invalid stage index ${index}`);
    return index;
  }
  const found = stages.findLastIndex((stage) => stage.name !== '' && stage.name === from.toLowerCase());
  return found === -1 ? undefined : found;
}

/** The last stage, or the one that `target` names. Errors: DockerfileError. */
export function targetStage(stages: readonly Stage[], target: string): number {
  if (target === '') return stages.length - 1;
  const found = namedStage(stages, target, true);
  if (found !== undefined) return found;
  const near = nearest(
    target,
    stages.flatMap((stage) => stage.name || []),
    true,
  );
  const hint = near === undefined ? '' : ` (did you mean ${near}?)`;
  throw new DockerfileError(`target stage ${JSON.stringify(target)} could not be found${hint}`);
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
export function checkCircular(stages: readonly Stage[]): void {
  const uses = stages.map((stage) =>
    fromUses(stage.instructions).flatMap(({ from, allowNumber, location }) => {
      const index = indexOf(stages, from, allowNumber, location);
      return index === undefined ? [] : [{ index, location }];
    }),
  );
  const done = new Set<number>();
  const visit = (start: number, path: ReadonlySet<number>): Location | undefined => {
    if (done.has(start)) return undefined;
    done.add(start);
    const longer = new Set([...path, start]);
    for (const { index, location } of uses[start] ?? []) {
      if (longer.has(index)) return location;
      const found = visit(index, longer);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  for (const [index, stage] of stages.entries()) {
    const location = visit(index, new Set());
    if (location !== undefined) {
      const name = stage.name || `stage-${index}`;
      throw new DockerfileError(`circular dependency detected on stage: ${name}`, location);
    }
  }
}

function indexOf(stages: readonly Stage[], from: string, allowNumber: boolean, location: Location): number | undefined {
  try {
    return namedStage(stages, from, allowNumber);
  } catch (error) {
    throw error instanceof KnownError ? new DockerfileError(error.message, location, { cause: error }) : error;
  }
}
