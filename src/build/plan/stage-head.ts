import { KnownError } from '../../lib/errors.ts';
import { type Platform, parsePlatform } from '../../oci/platform.ts';
import { type Expansion, expand } from '../expand/expand.ts';
import type { EscapeCharacter } from '../expand/reading.ts';
import type { Stage } from '../instruction/instruction.ts';
import { DockerfileError, located } from '../parse/dockerfile-error.ts';
import { withSuggestion } from '../parse/suggest.ts';
import type { Variables } from './scope.ts';

/** FROM with its variables expanded. */
export interface StageHead {
  readonly base: string;
  /** Undefined without `--platform`. */
  readonly platform: Platform | undefined;
}

/** The names that FROM looks up are global ARGs and the platform's. */
export function expandHeadWord(text: string, globals: Variables, escape: EscapeCharacter): Expansion {
  return expand(text, (name) => globals.get(name), { escape });
}

/** `host`: fills in what a platform leaves out. Errors: DockerfileError. */
export function expandHead(stage: Stage, globals: Variables, escape: EscapeCharacter, host: Platform): StageHead {
  return located(stage.location, () => {
    const base = expandHeadWord(stage.base, globals, escape).text;
    if (base === '') throw new DockerfileError(`base name (${stage.base}) should not be blank`, stage.location);
    return { base, platform: stage.platform === '' ? undefined : headPlatform(stage.platform, globals, escape, host) };
  });
}

function headPlatform(written: string, globals: Variables, escape: EscapeCharacter, host: Platform): Platform {
  const { text, missing } = expandHeadWord(written, globals, escape);
  try {
    return parsePlatform(text, host);
  } catch (error) {
    const why =
      text === ''
        ? `empty platform value from expression ${written}`
        : `failed to parse platform ${written}: ${platformProblem(text)}: invalid argument`;
    throw new KnownError('invalid_parameter', suggestAny(why, missing, [...globals.keys()]), { cause: error });
  }
}

/** What is wrong with a platform, in the words of containerd's platforms package. */
function platformProblem(text: string): string {
  const quoted = JSON.stringify(text);
  if (text.includes('*')) return `${quoted}: wildcards not yet supported`;
  const bad = text.split('/').find((part) => !/^[A-Za-z0-9_.-]+$/.test(part));
  if (bad === undefined) return `${quoted}: cannot parse platform specifier`;
  return `${JSON.stringify(bad)} is an invalid component of ${quoted}: platform specifier component must match "^[A-Za-z0-9_.-]+$"`;
}

/** The message with a hint for the first name that is near one that exists. */
function suggestAny(message: string, names: ReadonlySet<string>, options: readonly string[]): string {
  const hints = Array.from(names, (name) => withSuggestion(message, name, options));
  return hints.find((hint) => hint !== message) ?? message;
}
