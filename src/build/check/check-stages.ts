/** Checks of stages by their names and by what FROM says. */
import { parsePlatform } from '../../oci/platform.ts';
import { parseReference } from '../../oci/reference.ts';
import type { EscapeCharacter } from '../expand/reading.ts';
import type { Program, Stage } from '../instruction/instruction.ts';
import type { createHints } from '../parse/suggest.ts';
import { createBudget } from '../plan/budget.ts';
import { type BuildArgs, globalVariables, type PlatformPair, type Variables } from '../plan/scope.ts';
import { expandHead, expandHeadWord } from '../plan/stage-head.ts';
import type { Candidate } from './finding.ts';
import { RULES } from './rules.ts';

const RESERVED = ['context', 'scratch'];

export function checkStageNames(stages: readonly Stage[]): readonly Candidate[] {
  const seen = new Set<string>();
  return stages.flatMap(({ name, location }): readonly Candidate[] => {
    const found: Candidate[] = [];
    if (RESERVED.includes(name))
      found.push({ rule: 'ReservedStageName', detail: RULES.ReservedStageName.detail(name), location });
    if (seen.has(name))
      found.push({ rule: 'DuplicateStageName', detail: RULES.DuplicateStageName.detail(name), location });
    if (name !== '') seen.add(name);
    return found;
  });
}

/** What FROM looks names up in. */
export interface HeadScope {
  readonly escape: EscapeCharacter;
  /** TARGETPLATFORM and its kin. */
  readonly builtIn: Variables;
  readonly buildArgs: BuildArgs;
  readonly platforms: PlatformPair;
  readonly near: ReturnType<typeof createHints>;
}

/** Bases that only build args make valid. */
export function checkDefaults({ globalArgs, stages }: Program, scope: HeadScope): readonly Candidate[] {
  const found: Candidate[] = [];
  try {
    const globals = globalVariables(globalArgs, scope.builtIn, {}, scope.escape, createBudget());
    for (const { base, location } of stages) {
      const name = expandHeadWord(base, globals, scope.escape).text;
      const detail = RULES.InvalidDefaultArgInFrom.detail(base);
      if (!isReference(name)) found.push({ rule: 'InvalidDefaultArgInFrom', detail, location });
    }
  } catch {
    // what cannot be expanded fails the build itself, and says so better
  }
  return found;
}

function isReference(name: string): boolean {
  try {
    parseReference(name);
    return true;
  } catch {
    return false;
  }
}

/** Names and platforms of every FROM, up to one that is refused. */
export function checkHeads({ globalArgs, stages }: Program, scope: HeadScope): readonly Candidate[] {
  const found: Candidate[] = [];
  try {
    const globals = globalVariables(globalArgs, scope.builtIn, scope.buildArgs, scope.escape, createBudget());
    const declared = globalArgs.flatMap(({ args }) => args.map(({ name }) => name));
    const known = new Set([...declared, ...globals.keys()]);
    const options = [...known];
    for (const stage of stages) {
      for (const text of [stage.base, stage.platform]) {
        const { missing } = expandHeadWord(text, globals, scope.escape);
        for (const name of missing) {
          if (known.has(name)) continue;
          const detail = RULES.UndefinedArgInFrom.detail(name, scope.near(name, options));
          found.push({ rule: 'UndefinedArgInFrom', detail, location: stage.location });
        }
      }
      if (stage.platform !== '') found.push(...checkPlatform(stage, globals, scope));
      expandHead(stage, globals, scope.escape, scope.platforms.build);
    }
  } catch {
    // the planner fails in the same place, with the place
  }
  return found;
}

function checkPlatform(stage: Stage, globals: Variables, { escape, platforms }: HeadScope): readonly Candidate[] {
  const { location, name, platform } = stage;
  const { text, used, missing } = expandHeadWord(platform, globals, escape);
  if (used.size === 1 && missing.size === 0 && used.has('TARGETPLATFORM') && text === globals.get('TARGETPLATFORM'))
    return [{ rule: 'RedundantTargetPlatform', detail: RULES.RedundantTargetPlatform.detail(platform), location }];
  if (used.size > 0 || missing.size > 0) return [];
  const { os, architecture } = parsePlatform(text, platforms.build);
  if (name.includes(os) || name.includes(architecture)) return [];
  const detail = RULES.FromPlatformFlagConstDisallowed.detail(text);
  return [{ rule: 'FromPlatformFlagConstDisallowed', detail, location }];
}
