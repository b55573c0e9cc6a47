import { KnownError } from '../../../lib/errors.ts';
import { lexTemplate, type Token, type TokenKind } from './lex.ts';
import { type Call, formatOperand, type Node, type Operand, type Pipe } from './node.ts';
import { quote, unquote } from './quote.ts';

/**
 * Parses a template of Go's text/template (text/template/parse/parse.go), without `define`, `template` and `block`.
 * `knows` tells which functions there are. Errors: invalid_parameter with Go's text, `template: :1: unexpected EOF`;
 * not_implemented for what is left out.
 */
export function parseNodes(text: string, knows: (name: string) => boolean, name = ''): readonly Node[] {
  return new Parser(lexTemplate(text), knows, name).parse();
}

type Ending = { readonly kind: 'end' | 'else' };
type Context = 'if' | 'with' | 'range';

const OPERANDS: ReadonlySet<TokenKind> = new Set<TokenKind>([
  'bool',
  'charConstant',
  'dot',
  'field',
  'identifier',
  'number',
  'nil',
  'rawString',
  'string',
  'variable',
  'leftParen',
]);
const NOT_CALLABLE = ['bool', 'dot', 'nil', 'number', 'string'];

class Parser {
  private readonly tokens: readonly Token[];
  private readonly knows: (name: string) => boolean;
  private readonly name: string;
  private next = 0;
  private variables: string[] = ['$'];
  private rangeDepth = 0;
  private actionLine = 0;

  constructor(tokens: readonly Token[], knows: (name: string) => boolean, name: string) {
    this.name = name;
    this.tokens = tokens;
    this.knows = knows;
  }

  parse(): readonly Node[] {
    const nodes: Node[] = [];
    while (this.peek().kind !== 'eof') {
      const node = this.textOrAction();
      if (isEnding(node)) this.fail(`unexpected {{${node.kind}}}`);
      nodes.push(node);
    }
    return nodes;
  }

  private list(): { readonly nodes: readonly Node[]; readonly ending: Ending } {
    const nodes: Node[] = [];
    while (this.peekNonSpace().kind !== 'eof') {
      const node = this.textOrAction();
      if (isEnding(node)) return { nodes, ending: node };
      nodes.push(node);
    }
    this.fail('unexpected EOF');
  }

  private textOrAction(): Node | Ending {
    const token = this.takeNonSpace();
    if (token.kind === 'text') return { kind: 'text', at: token.at, text: token.text };
    if (token.kind !== 'leftDelim') this.unexpected(token, 'input');
    this.actionLine = token.line;
    const node = this.action();
    this.actionLine = 0;
    return node;
  }

  private action(): Node | Ending {
    const token = this.peekNonSpace();
    if (token.kind !== 'keyword') return { kind: 'action', at: token.at, pipe: this.pipeline('command', 'rightDelim') };
    this.next += 1;
    switch (token.text) {
      case 'if':
      case 'with':
      case 'range':
        return this.control(token.text);
      case 'end':
        this.expect('rightDelim', 'end');
        return { kind: 'end' };
      case 'else':
        return this.elseAction();
      case 'break':
      case 'continue':
        return this.leave(token, token.text);
      default:
        throw new KnownError(
          'not_implemented',
          `template: ${this.name}:${token.line}: {{${token.text}}} is not supported`,
        );
    }
  }

  private elseAction(): Ending {
    const token = this.peekNonSpace();
    if (token.kind === 'keyword' && (token.text === 'if' || token.text === 'with')) return { kind: 'else' };
    this.expect('rightDelim', 'else');
    return { kind: 'else' };
  }

  private leave(token: Token, kind: 'break' | 'continue'): Node {
    const after = this.takeNonSpace();
    if (after.kind !== 'rightDelim') this.unexpected(after, `{{${kind}}}`);
    if (this.rangeDepth === 0) this.fail(`{{${kind}}} outside {{range}}`);
    return { kind, at: token.at };
  }

  private control(kind: Context): Node {
    const scope = this.variables.length;
    const pipe = this.pipeline(kind, 'rightDelim');
    if (kind === 'range') this.rangeDepth += 1;
    const { nodes, ending } = this.list();
    if (kind === 'range') this.rangeDepth -= 1;
    const otherwise = ending.kind === 'else' ? this.otherwise(kind) : undefined;
    this.variables.length = scope;
    return { kind, at: pipe.at, pipe, list: nodes, otherwise };
  }

  /** `{{else if}}` is an if within the else, ended by the same end. */
  private otherwise(kind: Context): readonly Node[] {
    const token = this.peek();
    if ((kind === 'if' || kind === 'with') && token.kind === 'keyword' && token.text === kind) {
      this.next += 1;
      return [this.control(kind)];
    }
    const { nodes, ending } = this.list();
    if (ending.kind !== 'end') this.fail(`expected end; found {{${ending.kind}}}`);
    return nodes;
  }

  private pipeline(context: string, end: TokenKind): Pipe {
    const at = this.peekNonSpace().at;
    const { variables, assigns } = this.declarations(context);
    const commands: Call[] = [];
    for (;;) {
      const token = this.takeNonSpace();
      if (token.kind === end) break;
      if (!OPERANDS.has(token.kind)) this.unexpected(token, context);
      this.next -= 1;
      commands.push(this.command());
    }
    this.checkPipeline(commands, context);
    return { kind: 'pipe', at, variables, assigns, commands };
  }

  private checkPipeline(commands: readonly Call[], context: string): void {
    if (commands.length === 0) this.fail(`missing value for ${context}`);
    const bad = commands.slice(1).findIndex((command) => NOT_CALLABLE.includes(command.args[0].kind));
    if (bad !== -1) this.fail(`non executable command in pipeline stage ${bad + 2}`);
  }

  private declarations(context: string): { readonly variables: readonly string[]; readonly assigns: boolean } {
    const variables: string[] = [];
    for (;;) {
      const mark = this.next;
      const variable = this.peekNonSpace();
      if (variable.kind !== 'variable') return { variables, assigns: false };
      this.next += 1;
      const after = this.peekNonSpace();
      const comma = after.kind === 'char' && after.text === ',';
      if (after.kind !== 'assign' && after.kind !== 'declare' && !comma) {
        this.next = mark;
        return { variables, assigns: false };
      }
      this.next += 1;
      variables.push(variable.text);
      this.variables.push(variable.text);
      if (!comma) return { variables, assigns: after.kind === 'assign' };
      if (context !== 'range' || variables.length > 1) this.fail(`too many declarations in ${context}`);
      if (!['variable', 'rightDelim', 'rightParen'].includes(this.peekNonSpace().kind)) {
        this.fail('range can only initialize variables');
      }
    }
  }

  private command(): Call {
    const at = this.peekNonSpace().at;
    const args: Operand[] = [];
    for (;;) {
      this.peekNonSpace();
      const operand = this.operand();
      if (operand) args.push(operand);
      const token = this.take();
      if (token.kind === 'space') continue;
      if (token.kind === 'rightDelim' || token.kind === 'rightParen') this.next -= 1;
      else if (token.kind !== 'pipe') this.unexpected(token, 'operand');
      break;
    }
    const [first, ...rest] = args;
    if (first === undefined) this.fail('empty command');
    return { at, args: [first, ...rest] };
  }

  private operand(): Operand | undefined {
    const term = this.term();
    if (term === undefined || this.peek().kind !== 'field') return term;
    const at = this.peek().at;
    const names: string[] = [];
    while (this.peek().kind === 'field') names.push(this.take().text.slice(1));
    switch (term.kind) {
      case 'field':
      case 'variable':
        return { kind: term.kind, at, names: [...term.names, ...names] };
      case 'bool':
      case 'string':
      case 'number':
      case 'nil':
      case 'dot':
        return this.fail(`unexpected . after term ${quote(formatOperand(term))}`);
      default:
        return { kind: 'chain', at, of: term, names };
    }
  }

  private term(): Operand | undefined {
    const token = this.takeNonSpace();
    const { at, text } = token;
    switch (token.kind) {
      case 'identifier':
        if (!this.knows(text)) this.fail(`function ${quote(text)} not defined`);
        return { kind: 'identifier', at, name: text };
      case 'dot':
      case 'nil':
        return { kind: token.kind, at, text };
      case 'variable':
        if (!this.variables.includes(text)) this.fail(`undefined variable ${quote(text)}`);
        return { kind: 'variable', at, names: [text] };
      case 'field':
        return { kind: 'field', at, names: [text.slice(1)] };
      case 'bool':
        return { kind: 'bool', at, value: text === 'true', text };
      case 'number':
      case 'charConstant':
        return { kind: 'number', at, value: this.number(text), text };
      case 'string':
      case 'rawString':
        return { kind: 'string', at, value: this.string(text), text };
      case 'leftParen':
        return this.pipeline('parenthesized pipeline', 'rightParen');
      default:
        this.next -= 1;
        return undefined;
    }
  }

  private number(text: string): bigint | number {
    if (text.startsWith("'")) return this.character(text);
    const digits = text.replaceAll('_', '');
    if (/[.eE]/.test(digits) && !/^[+-]?0[xX]/.test(digits)) return this.float(digits, text);
    const [, sign, body] = /^([+-]?)(.*)$/.exec(digits) ?? [];
    const octal = /^0[0-7]+$/.test(body ?? '') ? `0o${body?.slice(1)}` : body;
    try {
      if (!octal) throw new SyntaxError(text);
      return sign === '-' ? -BigInt(octal) : BigInt(octal);
    } catch {
      return this.fail(`illegal number syntax: ${quote(text)}`);
    }
  }

  private character(text: string): bigint {
    const char = unquote(text)?.codePointAt(0);
    return char === undefined ? this.fail(`malformed character constant: ${text}`) : BigInt(char);
  }

  private float(digits: string, text: string): number {
    const value = Number(digits);
    return Number.isNaN(value) ? this.fail(`illegal number syntax: ${quote(text)}`) : value;
  }

  private string(text: string): string {
    return unquote(text) ?? this.fail('invalid syntax');
  }

  private take(): Token {
    const token = this.peek();
    this.next += 1;
    return token;
  }

  /** The last token (eof or error) comes again and again. */
  private peek(): Token {
    const token = this.tokens[Math.min(this.next, this.tokens.length - 1)];
    if (token === undefined) throw new KnownError('system', 'a template without tokens');
    return token;
  }

  private peekNonSpace(): Token {
    while (this.peek().kind === 'space') this.next += 1;
    return this.peek();
  }

  private takeNonSpace(): Token {
    this.peekNonSpace();
    return this.take();
  }

  private expect(kind: TokenKind, context: string): void {
    const token = this.takeNonSpace();
    if (token.kind !== kind) this.unexpected(token, context);
  }

  private unexpected(token: Token, context: string): never {
    if (token.kind !== 'error') this.fail(`unexpected ${formatToken(token)} in ${context}`, token);
    const elsewhere = this.actionLine !== 0 && this.actionLine !== token.line;
    const action = token.text.endsWith(' action') ? '' : ' in action';
    this.fail(`${token.text}${elsewhere ? `${action} started at ${this.name}:${this.actionLine}` : ''}`, token);
  }

  private fail(problem: string, token?: Token): never {
    const line = (token ?? this.tokens[Math.max(0, Math.min(this.next, this.tokens.length) - 1)])?.line ?? 1;
    throw new KnownError('invalid_parameter', `template: ${this.name}:${line}: ${problem}`);
  }
}

function isEnding(node: Node | Ending): node is Ending {
  return node.kind === 'end' || node.kind === 'else';
}

function formatToken(token: Token): string {
  if (token.kind === 'eof') return 'EOF';
  if (token.kind === 'keyword') return `<${token.text}>`;
  if (token.kind === 'dot' || token.kind === 'nil') return `<${token.text}>`;
  return token.text.length > 10 ? `${quote(token.text.slice(0, 10))}...` : quote(token.text);
}
