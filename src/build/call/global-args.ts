import { expand } from '../expand/expand.ts';
import type { EscapeCharacter } from '../expand/reading.ts';
import type { ArgInstruction } from '../instruction/instruction.ts';
import type { Location } from '../parse/location.ts';
import type { PlanOptions } from '../plan/make-plan.ts';
import type { Variables } from '../plan/scope.ts';

export interface GlobalArgInfo {
  readonly name: string;
  readonly description: string;
  readonly value: string;
  readonly location: Location;
  /** Other names that its default needs. */
  readonly uses: readonly string[];
  /** The one of the same name before it, when its default needs that. */
  readonly previous: GlobalArgInfo | undefined;
}

/** The ARGs before the first FROM, the last of each name. `globals`: what they came to. */
export function globalArgInfos(
  instructions: readonly ArgInstruction[],
  escape: EscapeCharacter,
  { buildArgs }: PlanOptions,
  globals: Variables,
): ReadonlyMap<string, GlobalArgInfo> {
  const infos = new Map<string, GlobalArgInfo>();
  const declared = new Set(instructions.flatMap(({ args }) => args.map(({ name }) => name)));
  // a default sees what is there before it
  const known = new Map([...globals].filter(([name]) => !declared.has(name)));
  for (const { args, location } of instructions) {
    for (const { name, value, description } of args) {
      const own = value === undefined || Object.hasOwn(buildArgs, name) ? [] : usedIn(value, escape, known);
      const uses = own.filter((other) => other !== name);
      const previous = own.includes(name) ? infos.get(name) : undefined;
      infos.set(name, { name, description, value: globals.get(name) ?? '', location, uses, previous });
      const final = globals.get(name);
      if (final !== undefined) known.set(name, final);
    }
  }
  return infos;
}

function usedIn(value: string, escape: EscapeCharacter, globals: Variables): readonly string[] {
  return [...expand(value, (name) => globals.get(name), { escape }).used];
}
