import { KnownError } from '../../lib/errors.ts';

/** An object of strings of a JSON body; null and nothing are an empty one. Errors: invalid_parameter. */
export function toTexts(value: unknown, field: string): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value))
    throw new KnownError('invalid_parameter', `invalid JSON: ${field} must be an object`);
  return Object.fromEntries(Object.entries(value).map(([key, text]) => [key, toText(text, field)]));
}

/** A string of a JSON body. Errors: invalid_parameter. */
export function toText(value: unknown, field: string): string {
  if (typeof value !== 'string') throw new KnownError('invalid_parameter', `invalid JSON: ${field} must be a string`);
  return value;
}
