import { KnownError } from '../lib/errors.ts';

/** What a field of a JSON body may be. null is always allowed and means unset, as for the original's decoder. */
export type Shape =
  | 'bool'
  | 'int'
  | 'string'
  /** A list of texts, or one text for a list of one. */
  | 'words'
  | { readonly list: Shape }
  | { readonly map: Shape }
  | { readonly fields: Readonly<Record<string, Shape>> };

/** Every field of a wire type has its shape: what the type gains, the table must gain. */
export type FieldShapes<T> = { readonly [K in keyof Required<T>]: Shape };

/**
 * A value as its shape has it: names of fields are matched without regard to case (encoding/json), unknown ones are dropped.
 * Errors: invalid_parameter in the words of the original's decoder, naming the field.
 */
export function decode(value: unknown, shape: Shape, path: string): unknown {
  if (value === null || value === undefined) return value;
  if (typeof shape === 'string') return decodeScalar(value, shape, path);
  if ('list' in shape) {
    if (!Array.isArray(value)) throw mismatch(value, path, `[]${nameOf(shape.list)}`);
    return value.map((item: unknown) => decode(item, shape.list, path) ?? emptyOf(shape.list));
  }
  if (typeof value !== 'object' || Array.isArray(value))
    throw mismatch(value, path, 'map' in shape ? `map[string]${nameOf(shape.map)}` : nameOf(shape));
  if ('map' in shape)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, decode(item, shape.map, path)]));
  return decodeFields(value, shape.fields, path);
}

function decodeFields(value: object, fields: Readonly<Record<string, Shape>>, path: string): object {
  const known = new Map(Object.keys(fields).map((name) => [name.toLowerCase(), name]));
  const found: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const name = known.get(key.toLowerCase());
    const shape = name === undefined ? undefined : fields[name];
    if (name !== undefined && shape !== undefined) found[name] = decode(item, shape, `${path}.${name}`);
  }
  return found;
}

function decodeScalar(value: unknown, shape: 'bool' | 'int' | 'string' | 'words', path: string): unknown {
  switch (shape) {
    case 'bool':
      if (typeof value === 'boolean') return value;
      break;
    case 'int':
      if (Number.isSafeInteger(value)) return value;
      break;
    case 'string':
      if (typeof value === 'string') return withoutNul(value, path);
      break;
    case 'words':
      return typeof value === 'string' ? [value] : decode(value, { list: 'string' }, path);
  }
  throw mismatch(value, path, nameOf(shape));
}

/** No text of the API may hold one: they become paths, arguments and names of the kernel. */
function withoutNul(value: string, path: string): string {
  if (value.includes('\0')) throw new KnownError('invalid_parameter', `invalid JSON: ${path} holds a NUL character`);
  return value;
}

/** null in a list is the zero value there. */
function emptyOf(shape: Shape): unknown {
  return { bool: false, int: 0, string: '', words: [] }[shape as string] ?? {};
}

function nameOf(shape: Shape): string {
  if (shape === 'int') return 'int64';
  if (shape === 'words') return '[]string';
  return typeof shape === 'string' ? shape : 'struct';
}

function mismatch(value: unknown, path: string, type: string): KnownError {
  const kind = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  const what = kind === 'number' && type === 'int64' ? `number ${String(value)}` : kind;
  return new KnownError(
    'invalid_parameter',
    `invalid JSON: json: cannot unmarshal ${what} into Go struct field ${path} of type ${type}`,
  );
}
