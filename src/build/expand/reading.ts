import { KnownError } from '../../lib/errors.ts';
import type { Scanner } from './scanner.ts';

export type EscapeCharacter = '\\' | '`';

export interface ExpandOptions {
  readonly escape: EscapeCharacter;
  /** Quotes stay in the result. */
  readonly rawQuotes?: boolean;
  /** Escape characters stay in the result. */
  readonly rawEscapes?: boolean;
  /** Quotes are ordinary characters (text of a COPY heredoc). */
  readonly plainQuotes?: boolean;
  /** References to variables that are not set stay as they are. */
  readonly keepUnset?: boolean;
}

/** The value of a variable; undefined when it is not set. */
export type Lookup = (name: string) => string | undefined;

/** State of one expansion while it is read. */
export interface Reading {
  readonly scanner: Scanner;
  readonly find: Lookup;
  readonly options: ExpandOptions;
  /** How many `${` are open. */
  readonly depth: number;
  /** A longer text is refused. */
  readonly maxChars: number;
  /** Reads to `stop` (taken, not returned), or to the end when `stop` is ''. */
  readonly readUntil: (reading: Reading, stop: string) => ReadText;
}

export interface ReadText {
  readonly text: string;
  /** The text split at blanks that are not quoted. */
  readonly words: readonly string[];
}

export function syntaxError(text: string): KnownError {
  return new KnownError('invalid_parameter', text);
}
