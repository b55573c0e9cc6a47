import type { EscapeCharacter } from '../expand/reading.ts';
import type { Directive } from './directives.ts';
import type { Heredoc } from './heredoc.ts';
import type { Location } from './location.ts';

/** A Dockerfile as it is written; plain data that prints as JSON. */
export interface SyntaxTree {
  readonly escape: EscapeCharacter;
  readonly directives: readonly Directive[];
  readonly instructions: readonly SyntaxNode[];
  readonly warnings: readonly ParseWarning[];
}

export interface ParseWarning {
  readonly message: string;
  readonly location: Location;
}

export interface SyntaxNode {
  /** As written; compare it in lower case. */
  readonly name: string;
  /** Continuation lines joined, comments dropped. */
  readonly original: string;
  /** `--name=value` after the name. */
  readonly flags: readonly string[];
  readonly arguments: Arguments;
  readonly heredocs: readonly Heredoc[];
  /** The comment lines right above, without `#`; an empty line or comment in between parts them from it. */
  readonly comments: readonly string[];
  readonly location: Location;
}

export type Arguments =
  /** Nothing, or nothing that this instruction reads. */
  | { readonly kind: 'none' }
  /** The rest of the line. */
  | { readonly kind: 'text'; readonly text: string }
  /** A JSON array of strings. */
  | { readonly kind: 'json'; readonly words: readonly string[] }
  | { readonly kind: 'words'; readonly words: readonly string[] }
  /** `legacy`: `KEY rest of line`. */
  | { readonly kind: 'pairs'; readonly pairs: readonly Pair[]; readonly legacy: boolean }
  /** HEALTHCHECK: its first word and what follows. */
  | { readonly kind: 'typed'; readonly type: string; readonly command: Arguments }
  /** ONBUILD: the instruction that it keeps. */
  | { readonly kind: 'instruction'; readonly instruction: SyntaxNode };

export interface Pair {
  readonly key: string;
  readonly value: string;
}
