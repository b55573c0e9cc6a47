import { KnownError } from '../lib/errors.ts';

/** Parsed `filters` query parameter: values by key. Keys are AND, values under one key are OR unless the verb says otherwise. */
export type Filters = ReadonlyMap<string, readonly string[]>;

/**
 * Parses both forms clients send: `{"k":["v"]}` and `{"k":{"v":true}}`. Empty or missing: no filters.
 * Errors: invalid_parameter for malformed JSON and for keys not in `allowed`.
 */
export function parseFilters(json: string | null | undefined, allowed: readonly string[]): Filters {
  if (!json) return new Map();
  const filters = new Map<string, readonly string[]>();
  for (const [key, value] of Object.entries(parseObject(json))) {
    if (!allowed.includes(key)) throw new KnownError('invalid_parameter', `invalid filter '${key}'`);
    filters.set(key, valuesOf(value));
  }
  return filters;
}

function parseObject(json: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (error) {
    throw new KnownError('invalid_parameter', `invalid filter: ${json.slice(0, 200)}`, { cause: error });
  }
  if (parsed === null) return {};
  if (typeof parsed !== 'object' || Array.isArray(parsed)) throw new KnownError('invalid_parameter', 'invalid filter');
  return { ...parsed };
}

function valuesOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.map(String);
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([name, on]) => (on === false ? [] : [name]));
  }
  throw new KnownError('invalid_parameter', 'invalid filter');
}

const LONGEST_PATTERN = 256;

/** Docker's match of names and ids: the same text, or a regular expression that is found in it. What is no expression finds nothing. */
export function isMatch(pattern: string, text: string): boolean {
  if (text === pattern) return true;
  if (pattern.length > LONGEST_PATTERN) return false;
  try {
    return new RegExp(pattern).test(text);
  } catch {
    return false;
  }
}
