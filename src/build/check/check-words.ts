/** Names of variables that an instruction uses and nobody has set. */
import { expand } from '../expand/expand.ts';
import type { EscapeCharacter } from '../expand/reading.ts';
import type { AddInstruction, ArgInstruction, CopyInstruction, Instruction } from '../instruction/instruction.ts';
import { mountValues } from '../instruction/mount.ts';
import { heredocText } from '../parse/heredoc.ts';
import type { BuildArgs, Variables } from '../plan/scope.ts';

/** What names are looked up with. */
export interface WordScope {
  readonly variables: Variables;
  readonly escape: EscapeCharacter;
  readonly buildArgs: BuildArgs;
}

/** For each text the names in it that are not set, in order. What cannot be expanded ends the list: the build fails there. */
export function unsetNames(instruction: Instruction, scope: WordScope): readonly string[] {
  if (instruction.kind === 'arg') return unsetInDefaults(instruction, scope);
  const lookup = (name: string): string | undefined => scope.variables.get(name);
  const unset: string[] = [];
  try {
    for (const word of expandedWords(instruction))
      unset.push(...expand(word, lookup, { escape: scope.escape }).missing);
    for (const body of expandedBodies(instruction))
      unset.push(...expand(body, lookup, { escape: '\\', plainQuotes: true }).missing);
  } catch {
    return unset;
  }
  return unset;
}

/** A default sees the names before it; one that a build arg takes the place of is not looked at. */
function unsetInDefaults({ args }: ArgInstruction, { variables, escape, buildArgs }: WordScope): readonly string[] {
  const own = new Set<string>();
  const unset: string[] = [];
  for (const { name, value } of args) {
    try {
      if (value !== undefined && !Object.hasOwn(buildArgs, name)) {
        const lookup = (other: string): string | undefined => (own.has(other) ? '' : variables.get(other));
        unset.push(...expand(value, lookup, { escape }).missing);
      }
    } catch {
      return unset;
    }
    own.add(name);
  }
  return unset;
}

/** EXPOSE expands its words too, but there nobody is told. */
function expandedWords(instruction: Exclude<Instruction, ArgInstruction>): readonly string[] {
  switch (instruction.kind) {
    case 'env':
    case 'label':
      return instruction.pairs.flatMap(({ key, value }) => [key, value]);
    case 'copy':
    case 'add':
      return copyWords(instruction);
    case 'run':
      return instruction.mounts.flatMap(mountValues);
    case 'stopsignal':
      return [instruction.signal];
    case 'user':
      return [instruction.user];
    case 'volume':
      return instruction.paths;
    case 'workdir':
      return [instruction.path];
    default:
      return [];
  }
}

function copyWords(instruction: CopyInstruction | AddInstruction): readonly string[] {
  const { chown, chmod, excludes, paths, destination } = instruction;
  const checksum = instruction.kind === 'add' ? [instruction.checksum] : [];
  return [chown, chmod, ...checksum, ...excludes, ...paths, destination];
}

function expandedBodies(instruction: Instruction): readonly string[] {
  if (instruction.kind !== 'copy' && instruction.kind !== 'add') return [];
  return instruction.heredocs.filter((heredoc) => heredoc.expand).map(heredocText);
}
