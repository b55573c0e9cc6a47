import { KnownError } from '../../lib/errors.ts';
import { withSuggestion } from '../parse/suggest.ts';

/** `text` and `bool` come once, `list` any number of times. */
export type FlagType = 'text' | 'bool' | 'list';

export interface FlagValues {
  /** '' when it is not there. */
  text(name: string): string;
  /** Undefined when it is not there. */
  bool(name: string): boolean | undefined;
  list(name: string): readonly string[];
}

/** `written`: `--name=value`, or `--name` for a bool. Errors: invalid_parameter naming the flag. */
export function parseFlags(written: readonly string[], types: Readonly<Record<string, FlagType>>): FlagValues {
  const values = new Map<string, readonly string[]>();
  for (const flag of written) {
    const { name, value } = splitFlag(flag);
    const type = Object.hasOwn(types, name) ? types[name] : undefined;
    if (type === undefined) throw invalid(withSuggestion(`unknown flag: --${name}`, name, Object.keys(types)));
    if (values.has(name) && type !== 'list') throw invalid(`duplicate flag specified: ${name}`);
    values.set(name, [...(values.get(name) ?? []), checked(name, type, value)]);
  }
  return {
    text: (name) => values.get(name)?.[0] ?? '',
    bool: (name) => (values.has(name) ? values.get(name)?.[0] === 'true' : undefined),
    list: (name) => values.get(name) ?? [],
  };
}

function splitFlag(flag: string): { readonly name: string; readonly value: string | undefined } {
  const at = flag.indexOf('=');
  return at === -1 ? { name: flag.slice(2), value: undefined } : { name: flag.slice(2, at), value: flag.slice(at + 1) };
}

function checked(name: string, type: FlagType, value: string | undefined): string {
  if (type !== 'bool') {
    if (value === undefined) throw invalid(`missing a value on flag: ${name}`);
    return value;
  }
  if (value === undefined) return 'true';
  if (value === '') throw invalid(`missing a value on flag: ${name}`);
  const lower = value.toLowerCase();
  if (lower !== 'true' && lower !== 'false') throw invalid(`expecting boolean value for flag ${name}, not: ${value}`);
  return lower;
}

function invalid(text: string): KnownError {
  return new KnownError('invalid_parameter', text);
}
