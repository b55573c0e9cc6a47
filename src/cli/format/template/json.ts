import { KnownError } from '../../../lib/errors.ts';
import { NIL, sortedKeys, toDictionary, toList, type Value } from './value.ts';

/** JSON as encoding/json writes it: dictionaries sorted, no spaces. `html`: `<`, `>` and `&` are escaped. */
export function encodeJson(value: Value, html = false): string {
  if (value === undefined) return 'null';
  if (typeof value === 'string') return encodeText(value, html);
  if (typeof value === 'number') return encodeFloat(value);
  if (typeof value !== 'object') return String(value);
  switch (value.kind) {
    case 'nil':
      return 'null';
    case 'json-number':
      return value.text;
    case 'list':
      return value.isNil ? 'null' : `[${value.items.map((item) => encodeJson(item, html)).join(',')}]`;
    case 'dictionary':
      return value.isNil
        ? 'null'
        : `{${sortedKeys(value.entries)
            .map((key) => `${encodeText(key, html)}:${encodeJson(value.entries.get(key), html)}`)
            .join(',')}}`;
    case 'struct':
      return value.json();
  }
}

export function encodeText(text: string, html = false): string {
  const quoted = JSON.stringify(text.toWellFormed())
    .replace(/\x7f/g, '\x7f')
    .replace(/[\u2028\u2029]/g, escapeUnicode);
  return html ? quoted.replace(/[<>&]/g, escapeUnicode) : quoted;
}

function escapeUnicode(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function encodeFloat(value: number): string {
  if (!Number.isFinite(value)) throw new KnownError('system', `json: unsupported value: ${value}`);
  return String(value).replace('e+', 'e+');
}

/**
 * Reads JSON keeping numbers as they are written (Go's UseNumber) and null as nil.
 * Errors: the SyntaxError of JSON.parse.
 */
export function decodeJson(text: string): Value {
  return decodeParsed(parseExact(text));
}

/** JSON.parse with integers beyond 2^53 (limits of cgroups) as JsonNumber texts. */
export function parseExact(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  return JSON.parse(text, ((_key: string, value: unknown, context?: { readonly source?: string }) => {
    if (typeof value !== 'number' || Number.isSafeInteger(value) || context?.source === undefined) return value;
    return /^-?\d+$/.test(context.source) ? { kind: 'json-number', text: context.source } : value;
  }) as (key: string, value: unknown) => unknown);
}

/** The same for what JSON.parse or parseExact made. */
export function decodeParsed(parsed: unknown): Value {
  switch (typeof parsed) {
    case 'string':
    case 'boolean':
      return parsed;
    case 'number':
      return { kind: 'json-number', text: String(parsed) };
    case 'object':
      return decodeObject(parsed);
    default:
      return undefined;
  }
}

function decodeObject(parsed: object | null): Value {
  if (parsed === null) return NIL;
  if (Array.isArray(parsed)) return toList(parsed.map(decodeParsed), '[]interface {}');
  if ('kind' in parsed && parsed.kind === 'json-number' && 'text' in parsed) {
    return { kind: 'json-number', text: String(parsed.text) };
  }
  const entries = Object.entries(parsed).map(([key, value]) => [key, decodeParsed(value)] as const);
  return toDictionary(new Map(entries), 'map[string]interface {}');
}
