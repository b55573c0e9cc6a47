/** Checks of instructions where they stand: with the variables, the shell and the directory of their stage. */
import { assertNever } from '../../lib/errors.ts';
import { expand } from '../expand/expand.ts';
import type { EscapeCharacter } from '../expand/reading.ts';
import type {
  CommandInstruction,
  ExposeInstruction,
  HealthcheckInstruction,
  Instruction,
  WorkdirInstruction,
} from '../instruction/instruction.ts';
import type { Pair } from '../parse/node.ts';
import type { createHints } from '../parse/suggest.ts';
import { splitPort } from '../plan/ports.ts';
import type { BuildArgs } from '../plan/scope.ts';
import type { StageState } from '../plan/stage-state.ts';
import { unsetNames } from './check-words.ts';
import type { Candidate } from './finding.ts';
import { RULES } from './rules.ts';

/** What the checks of a stage's instructions share. */
export interface StageScope {
  readonly escape: EscapeCharacter;
  readonly buildArgs: BuildArgs;
  /** The base is not known, and with it some variables. */
  readonly baseUnknown: boolean;
  readonly near: ReturnType<typeof createHints>;
}

/** What is remembered of a stage from one instruction to the next. */
export interface StageMemory {
  /** Where the last CMD, ENTRYPOINT or HEALTHCHECK of the stage was. */
  readonly last: ReadonlyMap<string, Candidate['location']>;
  /** A WORKDIR was in this stage or below it. */
  readonly workdirSet: boolean;
}

export interface Checked {
  readonly candidates: readonly Candidate[];
  readonly memory: StageMemory;
}

/** All but what is copied. */
export function checkInstruction(
  instruction: Instruction,
  before: StageState,
  memory: StageMemory,
  scope: StageScope,
): Checked {
  const name = writtenName(instruction);
  const candidates = [
    ...checkVariables(instruction, before, scope),
    ...checkKind(instruction, name, before, memory, scope),
  ];
  return { candidates, memory: remember(instruction, memory) };
}

/** As it is written in the file. */
function writtenName({ source }: Instruction): string {
  return /^\S*/.exec(source)?.[0] ?? '';
}

function remember(instruction: Instruction, memory: StageMemory): StageMemory {
  const { kind, location } = instruction;
  if (kind === 'workdir') return { ...memory, workdirSet: true };
  if (kind !== 'cmd' && kind !== 'entrypoint' && kind !== 'healthcheck') return memory;
  return { ...memory, last: new Map(memory.last).set(kind, location) };
}

const NOT_VARIABLES = ['BUILDKIT_SBOM_SCAN_CONTEXT', 'BUILDKIT_SBOM_SCAN_STAGE'];

/** ARGs that were declared without a value are no mistake. */
function checkVariables(instruction: Instruction, before: StageState, scope: StageScope): readonly Candidate[] {
  if (scope.baseUnknown) return [];
  const { escape, buildArgs } = scope;
  const names = unsetNames(instruction, { variables: before.variables, escape, buildArgs });
  if (names.length === 0) return [];
  const declared = new Set([...NOT_VARIABLES, ...before.args.map((arg) => arg.name)]);
  const known = [...before.variables.keys()];
  return names
    .filter((name) => !declared.has(name))
    .map((name) => ({
      rule: 'UndefinedVar',
      detail: RULES.UndefinedVar.detail(name, scope.near(name, known)),
      location: instruction.location,
    }));
}

function checkKind(
  instruction: Instruction,
  name: string,
  before: StageState,
  memory: StageMemory,
  { escape }: StageScope,
): readonly Candidate[] {
  const { location } = instruction;
  const words = (text: string): readonly string[] => expandedWords(text, before, escape);
  switch (instruction.kind) {
    case 'arg':
      return instruction.args.flatMap((arg) => checkSecret('ARG', arg.name, location));
    case 'env':
      return instruction.pairs.flatMap((pair) => [
        ...checkLegacy(instruction, name),
        ...checkSecret('ENV', words(pair.key)[0] ?? '', location),
      ]);
    case 'label':
      return instruction.pairs.flatMap(() => checkLegacy(instruction, name));
    case 'cmd':
    case 'entrypoint':
      return [...checkRepeated(instruction, name, memory), ...checkShellForm(instruction, name, before)];
    case 'healthcheck':
      return checkRepeated(instruction, name, memory);
    case 'workdir':
      return memory.workdirSet ? [] : checkWorkdir(instruction, before, escape);
    case 'expose':
      return checkPorts(instruction, words);
    case 'maintainer':
    case 'run':
    case 'copy':
    case 'add':
    case 'onbuild':
    case 'shell':
    case 'stopsignal':
    case 'user':
    case 'volume':
      return [];
    default:
      return assertNever(instruction);
  }
}

function expandedWords(text: string, { variables }: StageState, escape: EscapeCharacter): readonly string[] {
  try {
    return expand(text, (name) => variables.get(name), { escape }).words;
  } catch {
    // the build fails there
    return [];
  }
}

type PairInstruction = Extract<Instruction, { readonly pairs: readonly Pair[] }>;

function checkLegacy({ legacy, location }: PairInstruction, name: string): readonly Candidate[] {
  if (!legacy) return [];
  return [{ rule: 'LegacyKeyValueFormat', detail: RULES.LegacyKeyValueFormat.detail(name), location }];
}

const SECRET = /(?:_|^)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)/i;
const NO_SECRET = /(?:_|^)(?:public|file|version)(?:_|$)/i;

function checkSecret(instruction: 'ARG' | 'ENV', name: string, location: Candidate['location']): readonly Candidate[] {
  if (!SECRET.test(name) || NO_SECRET.test(name)) return [];
  const detail = RULES.SecretsUsedInArgOrEnv.detail(instruction, name);
  return [{ rule: 'SecretsUsedInArgOrEnv', detail, location }];
}

/** The one before is told of: it is the one that has no effect. */
function checkRepeated(
  { kind }: CommandInstruction | HealthcheckInstruction,
  name: string,
  { last }: StageMemory,
): readonly Candidate[] {
  const location = last.get(kind);
  if (location === undefined) return [];
  const detail = RULES.MultipleInstructionsDisallowed.detail(name);
  return [{ rule: 'MultipleInstructionsDisallowed', detail, location }];
}

/** Who sets a shell has thought of it. */
function checkShellForm(
  { command, location }: CommandInstruction,
  name: string,
  { image }: StageState,
): readonly Candidate[] {
  if (!command.shell || image.config.Shell?.length) return [];
  return [{ rule: 'JSONArgsRecommended', detail: RULES.JSONArgsRecommended.detail(name), location }];
}

function checkWorkdir(
  { path, location }: WorkdirInstruction,
  { variables }: StageState,
  escape: EscapeCharacter,
): readonly Candidate[] {
  try {
    const { text } = expand(path, (name) => variables.get(name), { escape });
    if (text.startsWith('/')) return [];
    return [{ rule: 'WorkdirRelativePath', detail: RULES.WorkdirRelativePath.detail(text), location }];
  } catch {
    return [];
  }
}

function checkPorts(
  { ports, location }: ExposeInstruction,
  words: (text: string) => readonly string[],
): readonly Candidate[] {
  return ports.flatMap(words).flatMap((port) => {
    const { address, host, protocol } = splitPort(port);
    const found: Candidate[] = [];
    if (protocol !== protocol.toLowerCase())
      found.push({ rule: 'ExposeProtoCasing', detail: RULES.ExposeProtoCasing.detail(port), location });
    if (address !== '' || host !== '')
      found.push({ rule: 'ExposeInvalidFormat', detail: RULES.ExposeInvalidFormat.detail(port), location });
    return found;
  });
}
