import { isKind, KnownError } from '../../lib/errors.ts';
import { type HeredocMark, parseHeredocMark } from '../parse/heredoc.ts';
import type { SyntaxNode } from '../parse/node.ts';
import { type FlagValues, parseFlags } from './flags.ts';
import type { AddInstruction, CopyInstruction, CopySources, Written } from './instruction.ts';

const SHARED = { chown: 'text', chmod: 'text', link: 'bool', exclude: 'list' } as const;
const COPY_FLAGS = { ...SHARED, from: 'text', parents: 'bool' } as const;
const ADD_FLAGS = { ...SHARED, 'keep-git-dir': 'bool', checksum: 'text', unpack: 'bool' } as const;

/** Errors: invalid_parameter. */
export function parseCopy(node: SyntaxNode, written: Written): CopyInstruction {
  const words = wordsOf(node, 'COPY');
  const flags = parseFlags(node.flags, COPY_FLAGS);
  const from = flags.text('from');
  if (/\$./.test(from)) {
    throw invalid(
      'variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround',
    );
  }
  return {
    kind: 'copy',
    ...written,
    ...sources(node, words, 'COPY', flags),
    from,
    parents: flags.bool('parents') ?? false,
  };
}

/** Errors: invalid_parameter. */
export function parseAdd(node: SyntaxNode, written: Written): AddInstruction {
  const words = wordsOf(node, 'ADD');
  const flags = parseFlags(node.flags, ADD_FLAGS);
  return {
    kind: 'add',
    ...written,
    ...sources(node, words, 'ADD', flags),
    checksum: flags.text('checksum'),
    keepGitDir: flags.bool('keep-git-dir') ?? false,
    unpack: flags.bool('unpack'),
  };
}

function wordsOf(node: SyntaxNode, name: string): readonly string[] {
  const words = node.arguments.kind === 'words' || node.arguments.kind === 'json' ? node.arguments.words : [];
  if (words.length >= 2) return words;
  throw invalid(
    `${name} requires at least two arguments, but only one was provided. Destination could not be determined`,
  );
}

function sources(node: SyntaxNode, words: readonly string[], name: string, flags: FlagValues): CopySources {
  const destination = words.at(-1) ?? '';
  const mayBeHeredoc = node.arguments.kind === 'words';
  if (mayBeHeredoc && heredocMarkOf(destination)) throw invalid(`${name} cannot accept a heredoc as a destination`);
  const marks = new Set(node.heredocs.map((heredoc) => heredoc.name));
  const paths = words.slice(0, -1).filter((word) => {
    const mark = mayBeHeredoc ? heredocMarkOf(word) : undefined;
    return mark === undefined || !marks.has(mark.name);
  });
  return {
    paths,
    heredocs: node.heredocs,
    destination,
    chown: flags.text('chown'),
    chmod: flags.text('chmod'),
    link: flags.bool('link') ?? false,
    excludes: flags.list('exclude'),
  };
}

/** A word with an open quote is a path; expanding it fails. */
function heredocMarkOf(word: string): HeredocMark | undefined {
  try {
    return parseHeredocMark(word);
  } catch (error) {
    if (isKind(error, 'invalid_parameter')) return undefined;
    throw error;
  }
}

function invalid(text: string): KnownError {
  return new KnownError('invalid_parameter', text);
}
