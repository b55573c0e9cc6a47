import { assertNever, KnownError } from '../../lib/errors.ts';
import { ARGUMENT_FORMS } from '../parse/arguments.ts';
import type { Pair, SyntaxNode } from '../parse/node.ts';
import { withSuggestion } from '../parse/suggest.ts';
import { parseFlags } from './flags.ts';
import { parseHealthcheck } from './healthcheck.ts';
import type { ArgDefinition, Instruction, Stage, Written } from './instruction.ts';
import { parseAdd, parseCopy } from './parse-copy.ts';
import { commandLine, parseRun } from './parse-run.ts';

export type ParsedInstruction = Instruction | ({ readonly kind: 'from' } & Omit<Stage, 'instructions'>);
type Name = Instruction['kind'] | 'from';

/** Errors: invalid_parameter with BuildKit's text. */
export function parseInstruction(node: SyntaxNode): ParsedInstruction {
  const name = instructionName(node.name);
  if (name === undefined) throw unknownInstruction(node.name);
  const written: Written = { source: node.original.trim(), location: node.location };
  if (!OWN_FLAGS.has(name)) parseFlags(node.flags, {});
  return build(name, node, written);
}

/** These read their flags themselves; the others have none. ARG never looks at them. */
const OWN_FLAGS = new Set<Name>(['from', 'run', 'copy', 'add', 'healthcheck', 'arg']);

function instructionName(written: string): Name | undefined {
  const lower = written.toLowerCase();
  return isName(lower) ? lower : undefined;
}

function isName(text: string): text is Name {
  return Object.hasOwn(ARGUMENT_FORMS, text);
}

function unknownInstruction(name: string): KnownError {
  const names = Object.keys(ARGUMENT_FORMS).map((known) => known.toUpperCase());
  return invalid(withSuggestion(`unknown instruction: ${name}`, name, names, true));
}

function build(name: Name, node: SyntaxNode, written: Written): ParsedInstruction {
  switch (name) {
    case 'from':
      return parseFrom(node, written);
    case 'arg':
      return { kind: 'arg', ...written, args: parseArgs(node) };
    case 'env':
      return { kind: 'env', ...written, ...pairsOf(node, 'ENV') };
    case 'label':
      return { kind: 'label', ...written, ...pairsOf(node, 'LABEL') };
    case 'maintainer':
      return { kind: 'maintainer', ...written, name: oneText(node, 'MAINTAINER') };
    case 'run':
      return parseRun(node, written);
    case 'copy':
      return parseCopy(node, written);
    case 'add':
      return parseAdd(node, written);
    case 'cmd':
    case 'entrypoint':
      return { kind: name, ...written, command: commandLine(node) };
    case 'expose':
      return { kind: 'expose', ...written, ports: wordsOf(node, 'EXPOSE').toSorted() };
    case 'healthcheck':
      return { kind: 'healthcheck', ...written, healthcheck: parseHealthcheck(node.arguments, node.flags) };
    case 'onbuild':
      return { kind: 'onbuild', ...written, trigger: parseTrigger(node) };
    case 'shell':
      return { kind: 'shell', ...written, shell: parseShell(node) };
    case 'stopsignal':
      return { kind: 'stopsignal', ...written, signal: oneText(node, 'STOPSIGNAL') };
    case 'user':
      return { kind: 'user', ...written, user: oneText(node, 'USER') };
    case 'volume':
      return { kind: 'volume', ...written, paths: parseVolumes(node) };
    case 'workdir':
      return { kind: 'workdir', ...written, path: oneText(node, 'WORKDIR') };
    default:
      return assertNever(name);
  }
}

const STAGE_NAME = /^[a-z][a-z0-9-_.]*$/;

function parseFrom(node: SyntaxNode, written: Written): ParsedInstruction {
  const words = node.arguments.kind === 'words' ? node.arguments.words : [];
  const [base = '', as = '', given = ''] = words;
  const named = words.length === 3 && as.toLowerCase() === 'as';
  const name = named ? given.toLowerCase() : '';
  if (named && !STAGE_NAME.test(name)) {
    throw invalid(
      `invalid name for build stage: ${JSON.stringify(given)}, name can't start with a number or contain symbols`,
    );
  }
  if (!named && words.length !== 1) throw invalid('FROM requires either one or three arguments');
  const platform = parseFlags(node.flags, { platform: 'text' }).text('platform');
  return { kind: 'from', ...written, base, name, platform, description: description(node, name) };
}

function parseArgs(node: SyntaxNode): readonly ArgDefinition[] {
  return wordsOf(node, 'ARG').map((word) => {
    const at = word.indexOf('=');
    if (at === 0) throw invalid('ARG names can not be blank');
    const name = at === -1 ? word : word.slice(0, at);
    return { name, value: at === -1 ? undefined : word.slice(at + 1), description: description(node, name) };
  });
}

/** The comment `# name text` above, without the name. */
function description(node: SyntaxNode, name: string): string {
  if (name === '') return '';
  const line = node.comments.find((comment) => comment.startsWith(`${name} `));
  return line?.slice(name.length + 1) ?? '';
}

function pairsOf(node: SyntaxNode, name: string): { readonly pairs: readonly Pair[]; readonly legacy: boolean } {
  if (node.arguments.kind !== 'pairs') throw atLeastOne(name);
  const { pairs, legacy } = node.arguments;
  if (pairs.some((pair) => pair.key === '')) throw invalid(`${name} names can not be blank`);
  return { pairs, legacy };
}

function oneText(node: SyntaxNode, name: string): string {
  if (node.arguments.kind === 'text') return node.arguments.text;
  throw invalid(`${name} requires exactly one argument`);
}

function wordsOf(node: SyntaxNode, name: string): readonly string[] {
  const words = node.arguments.kind === 'words' || node.arguments.kind === 'json' ? node.arguments.words : [];
  if (words.length === 0) throw atLeastOne(name);
  return words;
}

function parseVolumes(node: SyntaxNode): readonly string[] {
  return wordsOf(node, 'VOLUME').map((word) => {
    const path = word.trim();
    if (path === '') throw invalid('VOLUME specified can not be an empty string');
    return path;
  });
}

function parseShell(node: SyntaxNode): readonly string[] {
  const { arguments: args } = node;
  if (args.kind === 'none' || (args.kind === 'json' && args.words.length === 0)) throw atLeastOne('SHELL');
  if (args.kind === 'json') return args.words;
  throw invalid('SHELL requires the arguments to be in JSON form');
}

function parseTrigger(node: SyntaxNode): string {
  if (node.arguments.kind !== 'instruction') throw atLeastOne('ONBUILD');
  const word = node.arguments.instruction.name.toUpperCase();
  if (word === 'ONBUILD') throw invalid("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (word === 'MAINTAINER' || word === 'FROM') throw invalid(`${word} isn't allowed as an ONBUILD trigger`);
  const text = node.original.replace(/^\s*ONBUILD\s*/i, '');
  return [text, ...node.heredocs.map((heredoc) => `${heredoc.content}${heredoc.name}`)].join('\n');
}

function atLeastOne(name: string): KnownError {
  return invalid(`${name} requires at least one argument`);
}

function invalid(text: string): KnownError {
  return new KnownError('invalid_parameter', text);
}
