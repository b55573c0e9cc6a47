/** The tree of a parsed template (text/template/parse/node.go). `at` is an offset into the template's text. */
export type Node =
  | { readonly kind: 'text'; readonly at: number; readonly text: string }
  | { readonly kind: 'action'; readonly at: number; readonly pipe: Pipe }
  | {
      readonly kind: 'if' | 'with' | 'range';
      readonly at: number;
      readonly pipe: Pipe;
      readonly list: readonly Node[];
      readonly otherwise: readonly Node[] | undefined;
    }
  | { readonly kind: 'break' | 'continue'; readonly at: number };

export interface Pipe {
  readonly kind: 'pipe';
  readonly at: number;
  /** The variables it sets, without fields: `$x`. */
  readonly variables: readonly string[];
  /** `=` rather than `:=`. */
  readonly assigns: boolean;
  readonly commands: readonly Call[];
}

export interface Call {
  readonly at: number;
  readonly args: readonly [Operand, ...Operand[]];
}

export type Operand =
  | { readonly kind: 'bool'; readonly at: number; readonly value: boolean; readonly text: string }
  | { readonly kind: 'number'; readonly at: number; readonly value: bigint | number; readonly text: string }
  | { readonly kind: 'string'; readonly at: number; readonly value: string; readonly text: string }
  | { readonly kind: 'nil' | 'dot'; readonly at: number; readonly text: string }
  | { readonly kind: 'field'; readonly at: number; readonly names: readonly string[] }
  | { readonly kind: 'variable'; readonly at: number; readonly names: readonly string[] }
  | { readonly kind: 'identifier'; readonly at: number; readonly name: string }
  | { readonly kind: 'chain'; readonly at: number; readonly of: Operand; readonly names: readonly string[] }
  | Pipe;

/** The source of an operand as Go prints it in error messages: normalised, without the original's spaces. */
export function formatOperand(node: Operand): string {
  switch (node.kind) {
    case 'field':
      return node.names.map((name) => `.${name}`).join('');
    case 'variable':
      return node.names.join('.');
    case 'identifier':
      return node.name;
    case 'chain':
      return `${node.of.kind === 'pipe' ? `(${formatOperand(node.of)})` : formatOperand(node.of)}${node.names.map((name) => `.${name}`).join('')}`;
    case 'pipe':
      return formatPipe(node);
    default:
      return node.text;
  }
}

export function formatCall(call: Call): string {
  return call.args.map((arg) => (arg.kind === 'pipe' ? `(${formatOperand(arg)})` : formatOperand(arg))).join(' ');
}

function formatPipe(pipe: Pipe): string {
  const set = pipe.variables.length === 0 ? '' : `${pipe.variables.join(', ')} ${pipe.assigns ? '=' : ':='} `;
  return set + pipe.commands.map(formatCall).join(' | ');
}
