/**
 * The lexer of Go's text/template (text/template/parse/lex.go): the whole text at once, since formats are short.
 * An error is the last token; the parser reports it where it meets it, as Go does.
 */
export type TokenKind =
  | 'error'
  | 'bool'
  | 'char'
  | 'charConstant'
  | 'assign'
  | 'declare'
  | 'eof'
  | 'field'
  | 'identifier'
  | 'leftDelim'
  | 'leftParen'
  | 'number'
  | 'pipe'
  | 'rawString'
  | 'rightDelim'
  | 'rightParen'
  | 'space'
  | 'string'
  | 'text'
  | 'variable'
  | 'dot'
  | 'nil'
  | 'keyword';

export interface Token {
  readonly kind: TokenKind;
  /** Where it starts, in UTF-16 units of the template's text. */
  readonly at: number;
  readonly text: string;
  /** From 1. */
  readonly line: number;
}

const KEYWORDS = new Set(['block', 'break', 'continue', 'define', 'else', 'end', 'if', 'range', 'template', 'with']);
const SPACE = /[ \t\r\n]/;
const WORD = /[\p{L}\p{Nd}_]/u;
const SINGLE: Readonly<Record<string, TokenKind>> = { '=': 'assign', '|': 'pipe' };

/** Tokens up to and including `eof` or `error`. */
export function lexTemplate(input: string): readonly Token[] {
  const lexer = new Lexer(input);
  let rest = 0;
  while (rest !== -1) rest = lexer.text(rest);
  return lexer.tokens;
}

class Failed extends Error {}

class Lexer {
  readonly tokens: Token[] = [];
  private readonly input: string;
  private start = 0;
  private at = 0;
  private parens = 0;

  constructor(input: string) {
    this.input = input;
  }

  /** Lexes text from `from` and the action after it; where to go on, -1 at the end. */
  text(from: number): number {
    const open = this.input.indexOf('{{', from);
    const trimmed = open !== -1 && this.trimsLeft(open + 2);
    const end = open === -1 ? this.input.length : open;
    const text = this.input.slice(from, end);
    const kept = trimmed ? text.replace(/[ \t\r\n]+$/, '') : text;
    if (kept !== '') this.push('text', from, kept);
    if (open === -1) {
      this.push('eof', end, '');
      return -1;
    }
    try {
      return this.action(open, trimmed);
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      this.push('error', this.start, error.message);
      return -1;
    }
  }

  private action(open: number, trimmed: boolean): number {
    const inside = open + 2 + (trimmed ? 2 : 0);
    this.start = open;
    if (this.input.startsWith('/*', inside)) return this.comment(inside);
    this.push('leftDelim', open, '{{');
    this.at = inside;
    this.parens = 0;
    while (!this.closes()) this.inside();
    return this.close();
  }

  private comment(inside: number): number {
    const end = this.input.indexOf('*/', inside + 2);
    if (end === -1) throw new Failed('unclosed comment');
    this.at = end + 2;
    const trims = this.trimsRight();
    if (!trims && !this.input.startsWith('}}', this.at)) throw new Failed('comment ends before closing delimiter');
    return this.afterClose(trims);
  }

  private trimsLeft(at: number): boolean {
    return this.input[at] === '-' && SPACE.test(this.input[at + 1] ?? '');
  }

  /** ` -}}` starts here. */
  private trimsRight(): boolean {
    return SPACE.test(this.input[this.at] ?? '') && this.input.startsWith('-}}', this.at + 1);
  }

  private closes(): boolean {
    if (!this.trimsRight() && !this.input.startsWith('}}', this.at)) return false;
    this.start = this.at;
    if (this.parens > 0) throw new Failed('unclosed left paren');
    return true;
  }

  private close(): number {
    const trims = this.trimsRight();
    this.push('rightDelim', this.at + (trims ? 2 : 0), '}}');
    return this.afterClose(trims);
  }

  private afterClose(trims: boolean): number {
    let next = this.at + (trims ? 4 : 2);
    while (trims && SPACE.test(this.input[next] ?? '')) next += 1;
    return next;
  }

  private inside(): void {
    this.start = this.at;
    const char = this.peek();
    if (char === '') throw new Failed('unclosed action');
    if (SPACE.test(char)) return this.space();
    this.at += char.length;
    const single = SINGLE[char];
    if (single !== undefined) return this.emit(single);
    switch (char) {
      case ':':
        if (this.peek() !== '=') throw new Failed('expected :=');
        this.at += 1;
        return this.emit('declare');
      case '"':
        return this.quoted('"', 'string', 'unterminated quoted string');
      case "'":
        return this.quoted("'", 'charConstant', 'unterminated character constant');
      case '`':
        return this.rawQuoted();
      case '$':
        return this.named('variable');
      case '(':
        this.parens += 1;
        return this.emit('leftParen');
      case ')':
        this.parens -= 1;
        if (this.parens < 0) throw new Failed('unexpected right paren');
        return this.emit('rightParen');
      default:
        return this.word(char);
    }
  }

  private word(char: string): void {
    if (char === '.' && !/[0-9]/.test(this.peek())) return this.named('field');
    if (/[.+\-0-9]/.test(char)) return this.number();
    if (WORD.test(char)) return this.identifier();
    if (/^[\x20-\x7e]$/.test(char)) return this.emit('char');
    throw new Failed(`unrecognized character in action: ${codePoint(char)}`);
  }

  private space(): void {
    while (SPACE.test(this.peek()) && !this.trimsRight()) this.at += 1;
    if (this.at > this.start) this.emit('space');
  }

  private quoted(mark: string, kind: TokenKind, problem: string): void {
    for (;;) {
      const char = this.input[this.at];
      if (char === undefined || char === '\n') throw new Failed(problem);
      this.at += 1;
      if (char === mark) return this.emit(kind);
      if (char !== '\\') continue;
      const escaped = this.input[this.at];
      if (escaped === undefined || escaped === '\n') throw new Failed(problem);
      this.at += 1;
    }
  }

  private rawQuoted(): void {
    const end = this.input.indexOf('`', this.at);
    if (end === -1) throw new Failed('unterminated raw quoted string');
    this.at = end + 1;
    this.emit('rawString');
  }

  private named(kind: 'field' | 'variable'): void {
    if (this.terminated()) return this.emit(kind === 'field' ? 'dot' : kind);
    while (WORD.test(this.peek())) this.at += this.peek().length;
    this.checkTerminated();
    this.emit(kind);
  }

  private identifier(): void {
    while (WORD.test(this.peek())) this.at += this.peek().length;
    const word = this.input.slice(this.start, this.at);
    this.checkTerminated();
    this.emit(kindOfWord(word));
  }

  private number(): void {
    this.at = this.start;
    const rest = this.input.slice(this.at);
    const found =
      /^[+-]?(?:0[xX][0-9a-fA-F_]*|0[oO][0-7_]*|0[bB][01_]*|[0-9_]*)(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?i?/.exec(rest);
    this.at += found?.[0].length ?? 0;
    if (this.at < this.input.length && WORD.test(this.peek())) {
      throw new Failed(`bad number syntax: ${JSON.stringify(this.input.slice(this.start, this.at + 1))}`);
    }
    this.emit('number');
  }

  private checkTerminated(): void {
    if (!this.terminated()) throw new Failed(`bad character ${codePoint(this.peek())}`);
  }

  private terminated(): boolean {
    const char = this.peek();
    return char === '' || SPACE.test(char) || '.,|:()'.includes(char) || this.input.startsWith('}}', this.at);
  }

  private peek(): string {
    const code = this.input.codePointAt(this.at);
    return code === undefined ? '' : String.fromCodePoint(code);
  }

  private emit(kind: TokenKind): void {
    this.push(kind, this.start, this.input.slice(this.start, this.at));
    this.start = this.at;
  }

  private push(kind: TokenKind, at: number, text: string): void {
    this.tokens.push({ kind, at, text, line: this.input.slice(0, at).split('\n').length });
  }
}

function kindOfWord(word: string): TokenKind {
  if (KEYWORDS.has(word)) return 'keyword';
  if (word === 'nil') return 'nil';
  return word === 'true' || word === 'false' ? 'bool' : 'identifier';
}

/** `U+0040 '@'`, as %#U. */
function codePoint(char: string): string {
  const code = char.codePointAt(0);
  if (code === undefined) return 'U+FFFFFFFFFFFFFFFF';
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')}${code < 32 || code === 127 ? '' : ` '${char}'`}`;
}
