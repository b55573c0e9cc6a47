import { isKind } from '../../lib/errors.ts';
import { expand } from '../expand/expand.ts';

/** `<<NAME`, `<<-NAME`, `3<<"NAME"` in an instruction. */
export interface HeredocMark {
  readonly name: string;
  /** No part of the name was quoted: COPY and ADD expand variables in the text. */
  readonly expand: boolean;
  /** `<<-`: tabs at the start of lines are dropped when the text is used. */
  readonly chomp: boolean;
  readonly fileDescriptor: number;
}

export interface Heredoc extends HeredocMark {
  /** The lines as they stand, each with its line end. */
  readonly content: string;
}

const MARK = /^(\d*)<<(-?)\s*([^<]*)$/;
const unset = (): undefined => undefined;

/** The mark that a word is, if it is one. Errors: invalid_parameter for a name with open quotes. */
export function parseHeredocMark(word: string): HeredocMark | undefined {
  const [, descriptor = '', dash = '', rest = ''] = MARK.exec(word) ?? [];
  if (rest === '') return undefined;
  const bare = expand(rest, unset, { escape: '\\', keepUnset: true }).words;
  const [name] = bare;
  if (bare.length !== 1 || name === undefined) return undefined;
  const quoted = expand(rest, unset, { escape: '\\', keepUnset: true, rawQuotes: true }).words[0] ?? '';
  return {
    name,
    expand: quoteCount(name) === quoteCount(quoted),
    chomp: dash === '-',
    fileDescriptor: Number(descriptor || '0'),
  };
}

function quoteCount(text: string): number {
  return text.replaceAll(/[^'"]/g, '').length;
}

/** Every heredoc that an instruction's line opens, in order. A line with open quotes opens none. */
export function heredocMarks(line: string): readonly HeredocMark[] {
  return wordsOf(line).flatMap((word) => parseHeredocMark(word) ?? []);
}

function wordsOf(line: string): readonly string[] {
  try {
    return expand(line, unset, { escape: '\\', rawQuotes: true, rawEscapes: true, keepUnset: true }).words;
  } catch (error) {
    if (isKind(error, 'invalid_parameter')) return [];
    throw error;
  }
}

/** The text of a heredoc as it is used: `<<-` loses the tabs at the start of its lines. */
export function heredocText({ content, chomp }: Heredoc): string {
  return chomp ? content.replaceAll(/^\t+/gm, '') : content;
}
