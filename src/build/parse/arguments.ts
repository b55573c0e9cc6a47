/** How each instruction's arguments are read. Quotes and variables are left for later. */
import { KnownError } from '../../lib/errors.ts';
import type { EscapeCharacter } from '../expand/reading.ts';
import type { Arguments, Pair } from './node.ts';
import { splitWords } from './split-words.ts';

/** What an instruction's line holds after name and flags; ONBUILD is read by the parser itself. */
export type ArgumentForm =
  | 'text'
  | 'words'
  | 'jsonOrText'
  | 'jsonOrWords'
  | 'pairs'
  | 'quotedWords'
  | 'typed'
  | 'instruction';

/** By name in lower case: all instructions there are. */
export const ARGUMENT_FORMS: Readonly<Record<string, ArgumentForm>> = {
  add: 'jsonOrWords',
  arg: 'quotedWords',
  cmd: 'jsonOrText',
  copy: 'jsonOrWords',
  entrypoint: 'jsonOrText',
  env: 'pairs',
  expose: 'words',
  from: 'words',
  healthcheck: 'typed',
  label: 'pairs',
  maintainer: 'text',
  onbuild: 'instruction',
  run: 'jsonOrText',
  shell: 'jsonOrText',
  stopsignal: 'text',
  user: 'text',
  volume: 'jsonOrWords',
  workdir: 'text',
};

const NONE: Arguments = { kind: 'none' };

/** Errors: invalid_parameter. */
export function parseArguments(
  form: Exclude<ArgumentForm, 'instruction'>,
  name: string,
  rest: string,
  escape: EscapeCharacter,
): Arguments {
  if (rest === '') return NONE;
  switch (form) {
    case 'text':
      return { kind: 'text', text: rest };
    case 'words':
      return { kind: 'words', words: blankSeparated(rest) };
    case 'quotedWords':
      return { kind: 'words', words: splitWords(rest, escape) };
    case 'jsonOrText':
      return parseJson(rest) ?? { kind: 'text', text: rest };
    case 'jsonOrWords':
      return parseJson(rest) ?? { kind: 'words', words: blankSeparated(rest) };
    case 'pairs':
      return parsePairs(rest, name.toUpperCase(), escape);
    case 'typed':
      return parseTyped(rest);
  }
}

function blankSeparated(text: string): readonly string[] {
  return text.split(/[\t\v\f\r ]+/);
}

/** Text that is not JSON is no error: it goes to the shell. */
function parseJson(text: string): Arguments | undefined {
  if (!text.startsWith('[')) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(parsed)) return undefined;
  const words = parsed.filter((item) => typeof item === 'string');
  if (words.length !== parsed.length)
    throw new KnownError('invalid_parameter', 'when using JSON array syntax, arrays must be comprised of strings only');
  return { kind: 'json', words };
}

/** `a=b c="d e"`, or when the first word has no `=`, the one pair `KEY rest of line`. */
function parsePairs(rest: string, name: string, escape: EscapeCharacter): Arguments {
  const words = splitWords(rest, escape);
  if (words.length === 0) return NONE;
  if (!words[0]?.includes('=')) {
    const [, key, value] = /^([^\t\v\f\r ]*)[\t\v\f\r ]+([\s\S]*)$/.exec(rest) ?? [];
    if (key === undefined || value === undefined)
      throw new KnownError('invalid_parameter', `${name} must have two arguments`);
    return { kind: 'pairs', pairs: [{ key, value }], legacy: true };
  }
  return { kind: 'pairs', pairs: words.map(parsePair), legacy: false };
}

function parsePair(word: string): Pair {
  const at = word.indexOf('=');
  if (at !== -1) return { key: word.slice(0, at), value: word.slice(at + 1) };
  throw new KnownError(
    'invalid_parameter',
    `Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`,
  );
}

function parseTyped(rest: string): Arguments {
  const [, type = '', command = ''] = /^(\S+)\s*([\s\S]*)$/.exec(rest) ?? [];
  return {
    kind: 'typed',
    type,
    command: command === '' ? NONE : (parseJson(command) ?? { kind: 'text', text: command }),
  };
}
