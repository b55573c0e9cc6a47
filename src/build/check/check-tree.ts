/** Checks of how a Dockerfile is written, before its instructions are read. */
import type { Location } from '../parse/location.ts';
import type { SyntaxNode, SyntaxTree } from '../parse/node.ts';
import { isCheckComment } from './check-options.ts';
import type { Candidate } from './finding.ts';
import { RULES } from './rules.ts';

/** Places of continued lines that are empty. */
export function checkContinuations(tree: SyntaxTree): readonly Candidate[] {
  return tree.warnings.map(({ location }) => ({
    rule: 'NoEmptyContinuation',
    detail: RULES.NoEmptyContinuation.detail(),
    location,
  }));
}

/** One instruction by itself; what is wrong with the instruction is found later. */
export function checkNode(node: SyntaxNode): readonly Candidate[] {
  switch (node.name.toLowerCase()) {
    case 'maintainer':
      return [{ rule: 'MaintainerDeprecated', detail: RULES.MaintainerDeprecated.detail(), location: node.location }];
    case 'from':
      return checkFrom(node);
    case 'arg':
      return checkDescription(node, 'ARG', namesOf(wordsOf(node)));
    default:
      return [];
  }
}

function checkFrom(node: SyntaxNode): readonly Candidate[] {
  const { location } = node;
  const words = wordsOf(node);
  const [, as = '', stage = ''] = words;
  const named = words.length === 3;
  const casing = named && stage !== stage.toLowerCase();
  return [
    ...(casing ? [{ rule: 'StageNameCasing', detail: RULES.StageNameCasing.detail(stage), location } as const] : []),
    ...(words.length >= 3 && !sameCasing(node.name, as)
      ? [{ rule: 'FromAsCasing', detail: RULES.FromAsCasing.detail(node.name, as), location } as const]
      : []),
    ...(named ? checkDescription(node, 'FROM', [stage.toLowerCase()]) : []),
  ];
}

/** A FROM in mixed case is told by another rule. */
function sameCasing(from: string, as: string): boolean {
  if (from === from.toLowerCase()) return as === as.toLowerCase();
  return from !== from.toUpperCase() || as === as.toUpperCase();
}

function checkDescription(
  node: SyntaxNode,
  instruction: 'ARG' | 'FROM',
  names: readonly string[],
): readonly Candidate[] {
  const comment = node.comments.filter((line) => !isCheckComment(line)).at(-1);
  const [name] = names;
  if (comment === undefined || name === undefined || names.includes(comment.split(' ', 1)[0] ?? '')) return [];
  const detail = RULES.InvalidDefinitionDescription.detail(instruction, names.length > 1 ? '<arg_key>' : name);
  return [{ rule: 'InvalidDefinitionDescription', detail, location: node.location }];
}

function namesOf(words: readonly string[]): readonly string[] {
  return words.map((word) => word.split('=', 1)[0] ?? '');
}

function wordsOf({ arguments: args }: SyntaxNode): readonly string[] {
  return args.kind === 'words' ? args.words : [];
}

/** Instructions that are not written as most of them are; ARGs before the first FROM count for nothing. */
export function checkCasing(tree: SyntaxTree): readonly Candidate[] {
  const first = tree.instructions.findIndex(({ name }) => name.toLowerCase() === 'from');
  const nodes = first === -1 ? [] : tree.instructions.slice(first);
  const lower = nodes.filter(({ name }) => name === name.toLowerCase()).length;
  const upper = nodes.filter(({ name }) => name !== name.toLowerCase() && name === name.toUpperCase()).length;
  const casing = lower > upper ? 'lowercase' : 'uppercase';
  const fold = (name: string): string => (lower > upper ? name.toLowerCase() : name.toUpperCase());
  return nodes
    .filter(({ name }) => name !== fold(name))
    .map(({ name, location }) => ({
      rule: 'ConsistentInstructionCasing',
      detail: RULES.ConsistentInstructionCasing.detail(name, casing),
      location,
    }));
}

/** Finds the comments above the instruction that a place is in. */
export function createCommentLookup({ instructions }: SyntaxTree): (location: Location) => readonly string[] {
  return ({ start }) => {
    let [low, high] = [0, instructions.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((instructions[middle]?.location.end ?? 0) < start) low = middle + 1;
      else high = middle;
    }
    return instructions[low]?.comments ?? [];
  };
}
