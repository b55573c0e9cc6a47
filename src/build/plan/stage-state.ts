import type { EscapeCharacter } from '../expand/reading.ts';
import type { Pair } from '../parse/node.ts';
import type { Budget } from './budget.ts';
import { type ImageDraft, withHistory } from './image-draft.ts';
import type { FileSource } from './plan.ts';
import { type BuildArgs, expandCharged, type Variables } from './scope.ts';

/** A stage between two instructions. */
export interface StageState {
  readonly image: ImageDraft;
  /** What RUN and expansion see: the image's ENV and the stage's ARGs, the last one set wins. */
  readonly variables: Variables;
  /** ARGs declared in this stage or the stage it comes from. */
  readonly args: readonly DeclaredArg[];
  /** CMD was in this stage: ENTRYPOINT leaves it alone. */
  readonly commandSet: boolean;
}

export interface DeclaredArg {
  readonly name: string;
  readonly value: string | undefined;
}

/** What all instructions of a stage share. */
export interface StageContext {
  readonly escape: EscapeCharacter;
  readonly globals: Variables;
  readonly buildArgs: BuildArgs;
  /** What the whole Dockerfile may ask for; undefined counts nothing. */
  readonly budget?: Budget;
  /** Where `--from=name` leads. Errors: invalid_parameter for a stage that comes later. */
  readonly sourceOf: (name: string, target: string) => FileSource;
}

export function beginStage(image: ImageDraft, parent: StageState | undefined): StageState {
  const variables = parent?.variables ?? new Map((image.config.Env ?? []).map(splitEntry));
  return { image, variables, args: parent?.args ?? [], commandSet: false };
}

function splitEntry(entry: string): readonly [string, string] {
  const at = entry.indexOf('=');
  return at === -1 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
}

/** The values set, each at the end of the list. */
export function setVariables(variables: Variables, pairs: readonly Pair[]): Variables {
  const changed = new Map(variables);
  for (const { key, value } of pairs) {
    changed.delete(key);
    changed.set(key, value);
  }
  return changed;
}

/** Errors: invalid_parameter. */
export function expandWord(state: StageState, { escape, budget }: StageContext, word: string): string {
  return expandCharged(word, state.variables, escape, budget);
}

export function recorded(state: StageState, createdBy: string, layer: boolean): StageState {
  return { ...state, image: withHistory(state.image, createdBy, layer) };
}

/** A shell form with the shell before it. */
export function withShell({ config }: ImageDraft, words: readonly string[]): readonly string[] {
  const shell = config.Shell?.length ? config.Shell : ['/bin/sh', '-c'];
  return [...shell, words.join(' ')];
}
