import { KnownError, messageOf } from '../../lib/errors.ts';
import { DockerfileError } from '../parse/dockerfile-error.ts';
import type { SyntaxNode, SyntaxTree } from '../parse/node.ts';
import { parseDockerfile } from '../parse/parse.ts';
import type { ArgInstruction, Instruction, Program, Stage } from './instruction.ts';
import { type ParsedInstruction, parseInstruction } from './parse-instruction.ts';

/** The stages of a syntax tree. Errors: DockerfileError `dockerfile parse error on line N: ...`. */
export function parseProgram(tree: SyntaxTree): Program {
  return parseProgramChecked(tree, () => undefined);
}

/** `parseProgram`, with `check` called for every node before it is read: for those before an error as well. */
export function parseProgramChecked(tree: SyntaxTree, check: (node: SyntaxNode) => void): Program {
  const globalArgs: ArgInstruction[] = [];
  const stages: (Omit<Stage, 'instructions'> & { readonly instructions: Instruction[] })[] = [];
  for (const node of tree.instructions) {
    check(node);
    const parsed = parseNode(node);
    const stage = stages.at(-1);
    if (parsed.kind === 'from') {
      const { kind: _kind, ...rest } = parsed;
      stages.push({ ...rest, instructions: [] });
    } else if (stage !== undefined) stage.instructions.push(parsed);
    else if (parsed.kind === 'arg') globalArgs.push(parsed);
    else throw new DockerfileError('no build stage in current context', node.location);
  }
  if (stages.length === 0) throw new DockerfileError('dockerfile contains no stages to build');
  return { globalArgs, stages };
}

function parseNode(node: SyntaxNode): ParsedInstruction {
  try {
    return parseInstruction(node);
  } catch (error) {
    if (!(error instanceof KnownError)) throw error;
    const text = `dockerfile parse error on line ${node.location.start}: ${messageOf(error)}`;
    throw new DockerfileError(text, node.location, { cause: error });
  }
}

/** An instruction kept by ONBUILD. Errors: DockerfileError. */
export function parseTriggerText(text: string): Instruction {
  const [node, ...more] = parseDockerfile(text).instructions;
  if (node === undefined || more.length > 0) throw new DockerfileError('onbuild trigger should be a single expression');
  const parsed = parseInstruction(node);
  if (parsed.kind === 'from') throw new DockerfileError("FROM isn't allowed as an ONBUILD trigger");
  return parsed;
}
