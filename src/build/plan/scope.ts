/** Variables: the global scope (before the first FROM) and the build's own arguments. */
import type { Platform } from '../../oci/platform.ts';
import { formatPlatform } from '../../oci/platform.ts';
import { expand } from '../expand/expand.ts';
import type { EscapeCharacter } from '../expand/reading.ts';
import type { ArgInstruction } from '../instruction/instruction.ts';
import { located } from '../parse/dockerfile-error.ts';
import type { Budget } from './budget.ts';

export type Variables = ReadonlyMap<string, string>;
export type BuildArgs = Readonly<Record<string, string>>;

export interface PlatformPair {
  /** Where RUN runs. */
  readonly build: Platform;
  /** What the image is for. */
  readonly target: Platform;
}

/** TARGETPLATFORM and its kin; a build arg of the same name wins. */
export function platformVariables({ build, target }: PlatformPair, targetStage: string, args: BuildArgs): Variables {
  const variables = new Map([
    ...platformParts('BUILD', build),
    ...platformParts('TARGET', target),
    ['TARGETSTAGE', targetStage || 'default'] as const,
  ]);
  for (const name of variables.keys()) if (Object.hasOwn(args, name)) variables.set(name, args[name] ?? '');
  return variables;
}

function platformParts(prefix: string, platform: Platform): readonly (readonly [string, string])[] {
  return [
    [`${prefix}PLATFORM`, formatPlatform(platform)],
    [`${prefix}OS`, platform.os],
    [`${prefix}OSVERSION`, platform['os.version'] ?? ''],
    [`${prefix}ARCH`, platform.architecture],
    [`${prefix}VARIANT`, platform.variant ?? ''],
  ];
}

/** What FROM sees, and what ARG without a value takes. Errors: DockerfileError. */
export function globalVariables(
  instructions: readonly ArgInstruction[],
  platform: Variables,
  args: BuildArgs,
  escape: EscapeCharacter,
  budget: Budget,
): Variables {
  const variables = new Map(platform);
  for (const { args: definitions, location } of instructions) {
    for (const { name, value } of definitions) {
      const given = Object.hasOwn(args, name) ? args[name] : undefined;
      const final =
        given ??
        (value === undefined ? undefined : located(location, () => expandCharged(value, variables, escape, budget)));
      if (final !== undefined) variables.set(name, final);
    }
  }
  return variables;
}

/** The value with variables in it. Errors: invalid_parameter. */
export function expandCharged(
  word: string,
  variables: Variables,
  escape: EscapeCharacter,
  budget: Budget | undefined,
): string {
  const { text } = expand(word, (name) => variables.get(name), { escape });
  budget?.charge(UNITS_PER_CHAR * text.length);
  return text;
}

const UNITS_PER_CHAR = 10;

const PROXIES = new Set(['http_proxy', 'https_proxy', 'ftp_proxy', 'no_proxy', 'all_proxy']);

/** Proxy build args as RUN sees them, in upper and lower case. */
export function proxyEnvironment(args: BuildArgs): readonly string[] {
  return Object.entries(args)
    .filter(([name]) => PROXIES.has(name.toLowerCase()))
    .flatMap(([name, value]) => [`${name.toUpperCase()}=${value}`, `${name.toLowerCase()}=${value}`]);
}
