import { KnownError } from '../../../lib/errors.ts';
import { parseCsvLine } from '../../parse/csv.ts';

/** `key=value` fields of an option, keys in small letters. Errors: invalid_parameter for a field without `=`. */
export function parseFields(option: string, text: string): ReadonlyMap<string, string> {
  return new Map(
    parseCsvLine(text).map((field) => {
      const at = field.indexOf('=');
      if (at === -1) throw bad(`invalid field '${field}' of --${option} must be a key=value pair`);
      return [field.slice(0, at).trim().toLowerCase(), field.slice(at + 1)];
    }),
  );
}

/** Errors: not_implemented for a field that nothing reads, by its name. */
export function refuseOthers(option: string, fields: ReadonlyMap<string, string>, known: readonly string[]): void {
  for (const key of fields.keys())
    if (!known.includes(key))
      throw new KnownError('not_implemented', `the field ${key} of --${option} is not supported`);
}

/** As Go's strconv.ParseBool. Errors: invalid_parameter. */
export function parseBool(option: string, key: string, text: string): boolean {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(text)) return true;
  if (/^(?:0|f|F|FALSE|false|False)$/.test(text)) return false;
  throw bad(`invalid value ${JSON.stringify(text)} of ${key} in --${option}: must be true or false`);
}

export function bad(message: string): KnownError {
  return new KnownError('invalid_parameter', message);
}

export function oneOf<T extends string>(option: string, key: string, text: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === text);
  if (found === undefined)
    throw bad(`invalid value ${JSON.stringify(text)} of ${key} in --${option}: must be ${choices.join(' or ')}`);
  return found;
}
