import { expand } from '../expand/expand.ts';
import type { EscapeCharacter } from '../expand/reading.ts';
import { cleanPath } from '../ignore/ignore-file.ts';
import { createIgnoreMatcher } from '../ignore/matcher.ts';
import type { Instruction } from '../instruction/instruction.ts';
import { isGit, isUrl } from '../plan/apply-copy.ts';
import type { StageState } from '../plan/stage-state.ts';
import type { Candidate } from './finding.ts';
import { RULES } from './rules.ts';

/** Finds files of the build context that are copied although they are ignored. */
export type CopyCheck = (instruction: Instruction, before: StageState, escape: EscapeCharacter) => readonly Candidate[];

/** Patterns that leave nothing at the root. */
const EVERYTHING: Readonly<Record<string, readonly string[]>> = { '.': ['*', '**', '**/*'], '/': ['**', '**/*'] };

/**
 * `patterns`: of the context's ignore file. With a `!pattern` among them nothing is said: what is below an ignored folder may be there.
 * Errors: invalid_parameter for a malformed pattern.
 */
export function createCopyCheck(patterns: readonly string[]): CopyCheck {
  const matcher = createIgnoreMatcher(patterns);
  if (patterns.length === 0 || matcher.hasExceptions) return () => [];
  const isIgnored = (path: string): boolean => {
    const all = EVERYTHING[path];
    return all === undefined ? matcher.matches(path) : patterns.some((pattern) => all.includes(pattern));
  };
  return (instruction, { variables }, escape) => {
    if (instruction.kind !== 'add' && !(instruction.kind === 'copy' && instruction.from === '')) return [];
    const name = instruction.kind === 'add' ? 'Add' : 'Copy';
    return instruction.paths.flatMap((written): readonly Candidate[] => {
      const path = expandedPath(written, variables, escape);
      if (path === undefined || isUrl(path) || isGit(path)) return [];
      const file = cleanPath(path);
      if (!isIgnored(file)) return [];
      const detail = RULES.CopyIgnoredFile.detail(name, file);
      return [{ rule: 'CopyIgnoredFile', detail, location: instruction.location }];
    });
  };
}

function expandedPath(
  written: string,
  variables: StageState['variables'],
  escape: EscapeCharacter,
): string | undefined {
  try {
    return expand(written, (name) => variables.get(name), { escape }).text;
  } catch {
    // the build fails there
    return undefined;
  }
}
