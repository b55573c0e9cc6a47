import { invalid } from '../../../lib/invalid.ts';

/** What a template may name: texts, lists and maps of texts. */
export type TemplateData = Readonly<Record<string, TemplateValue>>;
type TemplateValue = string | number | readonly string[] | Readonly<Record<string, string>>;

type Token =
  | { readonly kind: 'text' | 'word' | 'field'; readonly text: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: '(' | ')' | '|' };

const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*"|`[^`]*`)|(-?\d+)|\.([A-Za-z_]\w*)|([A-Za-z_]\w*)|([()|]))/y;

/** `{{...}}`; with `{{- ` and ` -}}` the blanks before and behind go too. Without an end it has no group. */
const ACTION = /(?:\s*\{\{-(?=\s)|\{\{)((?:"(?:[^"\\]|\\.)*"|`[^`]*`|[^}"`])*?)(?:(?<=\s)-\}\}\s*|\}\})|\{\{/g;

/**
 * The part of Go's text/template that log tags use: texts, `{{.Field}}`, pipelines, parentheses, and Docker's functions (docker/templates:
 * json, join, lower, upper, title, pad, truncate, split; index of the language). Errors: invalid_parameter naming what is wrong.
 */
export function formatTemplate(template: string, data: TemplateData): string {
  return template.replace(ACTION, (whole: string, action: string | undefined) => {
    if (action === undefined || action.trim() === '') throw bad(whole);
    return show(evaluate(action, data, whole));
  });
}

const bad = (what: string) => invalid(`invalid log tag: ${what}`);

function show(value: TemplateValue): string {
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  if (isList(value)) return `[${value.join(' ')}]`;
  const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `map[${sorted.map(([key, text]) => `${key}:${text}`).join(' ')}]`;
}

function isList(value: TemplateValue): value is readonly string[] {
  return Array.isArray(value);
}

function evaluate(action: string, data: TemplateData, whole: string): TemplateValue {
  const tokens = tokenize(action, whole);
  const value = pipeline(tokens, data, whole);
  if (tokens.length > 0) throw bad(whole);
  return value;
}

function tokenize(action: string, whole: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (action.slice(TOKEN.lastIndex).trim() !== '') {
    const found = TOKEN.exec(action);
    if (!found) throw bad(whole);
    const [, text, number, field, word, mark] = found;
    if (text !== undefined) tokens.push({ kind: 'text', text: unquote(text) });
    else if (number !== undefined) tokens.push({ kind: 'number', value: Number(number) });
    else if (field !== undefined) tokens.push({ kind: 'field', text: field });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word });
    else tokens.push({ kind: mark as '(' | ')' | '|' });
  }
  return tokens;
}

function unquote(text: string): string {
  return text.startsWith('`') ? text.slice(1, -1) : (JSON.parse(text) as string);
}

/** Takes its tokens off the front. */
function pipeline(tokens: Token[], data: TemplateData, whole: string): TemplateValue {
  let value = command(tokens, data, [], whole);
  while (tokens[0]?.kind === '|') {
    tokens.shift();
    value = command(tokens, data, [value], whole);
  }
  return value;
}

function command(tokens: Token[], data: TemplateData, piped: readonly TemplateValue[], whole: string): TemplateValue {
  const [first] = tokens;
  if (first?.kind !== 'word') {
    if (piped.length > 0) throw bad(whole);
    return operand(tokens, data, whole);
  }
  tokens.shift();
  const given: TemplateValue[] = [];
  while (tokens.length > 0 && tokens[0]?.kind !== '|' && tokens[0]?.kind !== ')')
    given.push(operand(tokens, data, whole));
  return call(first.text, [...given, ...piped], whole);
}

function operand(tokens: Token[], data: TemplateData, whole: string): TemplateValue {
  const token = tokens.shift();
  switch (token?.kind) {
    case 'text':
      return token.text;
    case 'number':
      return token.value;
    case 'field': {
      if (!Object.hasOwn(data, token.text)) throw bad(whole);
      return data[token.text] ?? '';
    }
    case '(': {
      const value = pipeline(tokens, data, whole);
      if (tokens.shift()?.kind !== ')') throw bad(whole);
      return value;
    }
    default:
      throw bad(whole);
  }
}

/** A template is written by whoever makes a container: nothing is padded beyond this. */
const PAD_MAX = 4096;

function call(name: string, args: readonly TemplateValue[], whole: string): TemplateValue {
  const text = (at: number): string => {
    const value = args[at];
    if (typeof value !== 'string') throw bad(whole);
    return value;
  };
  const number = (at: number): number => {
    const value = args[at];
    if (typeof value !== 'number' || value > PAD_MAX) throw bad(whole);
    return value;
  };
  const [first] = args;
  if (first === undefined) throw bad(whole);
  switch (name) {
    case 'json':
      return JSON.stringify(first);
    case 'lower':
      return text(0).toLowerCase();
    case 'upper':
      return text(0).toUpperCase();
    case 'title':
      return text(0).replace(/(^|\s)(\p{L})/gu, (_, before: string, letter: string) => before + letter.toUpperCase());
    case 'print':
      return args.map(show).join('');
    case 'println':
      return `${args.map(show).join(' ')}\n`;
    case 'truncate':
      return text(0).slice(0, Math.max(0, number(1)));
    case 'pad':
      return text(0) === '' ? '' : ' '.repeat(Math.max(0, number(1))) + text(0) + ' '.repeat(Math.max(0, number(2)));
    case 'split':
      return text(0).split(text(1));
    case 'join':
      if (!isList(first)) throw bad(whole);
      return first.join(text(1));
    case 'index':
      return indexed(first, args[1], whole);
    default:
      throw invalid(`invalid log tag: function ${JSON.stringify(name)} not defined`);
  }
}

/** A map has an empty text for a key that it does not have, as Go's. */
function indexed(from: TemplateValue, key: TemplateValue | undefined, whole: string): TemplateValue {
  if (isList(from) && typeof key === 'number' && from[key] !== undefined) return from[key];
  if (typeof from === 'object' && !isList(from) && typeof key === 'string')
    return Object.hasOwn(from, key) ? (from[key] ?? '') : '';
  throw bad(whole);
}
