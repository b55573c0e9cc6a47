/**
 * Text of a Dockerfile to a syntax tree, with BuildKit's rules for lines (frontend/dockerfile/docs/reference.md, "Format"): joins
 * continued lines, drops comments, takes the bodies of heredocs. Unknown instructions are kept; `instruction/` refuses them.
 */
import type { EscapeCharacter } from '../expand/reading.ts';
import { ARGUMENT_FORMS, parseArguments } from './arguments.ts';
import { parseDirectives } from './directives.ts';
import { DockerfileError, located } from './dockerfile-error.ts';
import { type Heredoc, type HeredocMark, heredocMarks } from './heredoc.ts';
import { createLineReader, type LineReader, type LogicalLine } from './line-reader.ts';
import type { Arguments, ParseWarning, SyntaxNode, SyntaxTree } from './node.ts';
import { splitCommand } from './split-command.ts';

/** Errors: DockerfileError. */
export function parseDockerfile(text: string): SyntaxTree {
  if (text.length > MAX_CHARS) throw new DockerfileError('the Dockerfile is larger than 16 MiB');
  const lines = physicalLines(text);
  const directives = parseDirectives(lines);
  const reader = createLineReader(lines, directives.escape, directives.list.length);
  const instructions: SyntaxNode[] = [];
  const warnings: ParseWarning[] = [];
  for (let line = reader.next(); line !== undefined; line = reader.next()) {
    if (instructions.length === MAX_INSTRUCTIONS)
      throw new DockerfileError(`the Dockerfile has more than ${MAX_INSTRUCTIONS} instructions`, line);
    if (line.hasEmptyContinuation) warnings.push(emptyContinuation(line));
    instructions.push(parseLine(line, reader, directives.escape));
  }
  if (instructions.length === 0)
    throw new DockerfileError('file with no instructions', { start: lines.length, end: lines.length });
  return { escape: directives.escape, directives: directives.list, instructions, warnings };
}

/** What BuildKit's own messages can hold. */
const MAX_CHARS = 16 * 1024 * 1024;
const MAX_INSTRUCTIONS = 100_000;
/** More than a command line of Linux can be. */
const MAX_INSTRUCTION_CHARS = 1024 * 1024;
const MAX_LINE_BYTES = 64 * 1024 - 1;

/** Lines with their ends. */
function physicalLines(text: string): readonly string[] {
  const lines = text.replace(/^\uFEFF/, '').match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const long = lines.findIndex((line) => line.length * 3 > MAX_LINE_BYTES && Buffer.byteLength(line) > MAX_LINE_BYTES);
  if (long !== -1)
    throw new DockerfileError(`dockerfile line greater than max allowed size of ${MAX_LINE_BYTES}`, {
      start: long,
      end: long,
    });
  return lines;
}

function emptyContinuation({ text, end }: LogicalLine): ParseWarning {
  return { message: `Empty continuation line found in: ${text}`, location: { start: end, end } };
}

function parseLine(line: LogicalLine, reader: LineReader, escape: EscapeCharacter): SyntaxNode {
  const location = { start: line.start, end: line.end };
  if (line.text.length > MAX_INSTRUCTION_CHARS)
    throw new DockerfileError('the instruction is longer than 1 MiB', location);
  const node = located(location, () => parseInstruction(line.text, escape));
  const marks = holdsHeredocs(node) && line.text.includes('<<') ? located(location, () => heredocMarks(line.text)) : [];
  const heredocs = marks.map((mark) => readHeredoc(mark, reader, line.start));
  return { ...node, heredocs, comments: line.comments, location: { start: line.start, end: reader.position() } };
}

function parseInstruction(text: string, escape: EscapeCharacter): SyntaxNode {
  const { name, flags, rest } = splitCommand(text);
  return {
    name,
    original: text,
    flags,
    arguments: argumentsOf(name, rest, escape),
    heredocs: [],
    comments: [],
    location: { start: 0, end: 0 },
  };
}

function argumentsOf(name: string, rest: string, escape: EscapeCharacter): Arguments {
  const form = ARGUMENT_FORMS[name.toLowerCase()];
  if (form === undefined) return { kind: 'none' };
  if (form !== 'instruction') return parseArguments(form, name, rest, escape);
  // ONBUILD ONBUILD ... is refused later, and must not recurse without end before that
  if (rest === '') return { kind: 'none' };
  return { kind: 'instruction', instruction: parseTrigger(rest, escape) };
}

function parseTrigger(text: string, escape: EscapeCharacter): SyntaxNode {
  const { name, flags, rest } = splitCommand(text);
  const nested = name.toLowerCase() === 'onbuild';
  const args: Arguments = nested ? { kind: 'text', text: rest } : argumentsOf(name, rest, escape);
  return {
    name,
    original: text,
    flags,
    arguments: args,
    heredocs: [],
    comments: [],
    location: { start: 0, end: 0 },
  };
}

const WITH_HEREDOCS = new Set(['run', 'copy', 'add']);

function holdsHeredocs(node: SyntaxNode): boolean {
  if (node.arguments.kind === 'instruction') return holdsHeredocs(node.arguments.instruction);
  return WITH_HEREDOCS.has(node.name.toLowerCase()) && node.arguments.kind !== 'json';
}

function readHeredoc(mark: HeredocMark, reader: LineReader, start: number): Heredoc {
  let content = '';
  for (let line = reader.nextRaw(); line !== undefined; line = reader.nextRaw()) {
    const bare = line.replace(/[\r\n]+$/, '');
    if ((mark.chomp ? bare.replace(/^\t+/, '') : bare) === mark.name) return { ...mark, content };
    content += line;
  }
  throw new DockerfileError('unterminated heredoc', { start, end: reader.position() });
}
