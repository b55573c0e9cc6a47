/**
 * The values templates work on: what Go's would be, with as much of their types as templates let show.
 *
 * `undefined` is no value at all (a missing key; prints `<no value>`). Integers are bigints, floats numbers.
 */
export type Value = undefined | boolean | bigint | number | string | Nil | JsonNumber | List | Dictionary | Struct;

/** A nil pointer of a type, or JSON's null within a list or a dictionary (type `interface {}`). */
export interface Nil {
  readonly kind: 'nil';
  readonly type: string;
}

/** A number of an answer read without a schema: Go's json.Number, kept as it was written. */
export interface JsonNumber {
  readonly kind: 'json-number';
  readonly text: string;
}

export interface List {
  readonly kind: 'list';
  readonly items: readonly Value[];
  /** Nil lists are null in JSON. */
  readonly isNil: boolean;
  /** `[]string` */
  readonly type: string;
}

export interface Dictionary {
  readonly kind: 'dictionary';
  readonly entries: ReadonlyMap<string, Value>;
  readonly isNil: boolean;
  /** `map[string]string` */
  readonly type: string;
  /** Go's type of the keys, default `string`: `index` with a text fails on any other (nat.Port). */
  readonly keyType?: string;
  /** What `index` answers for a missing key. */
  readonly missing: Value;
}

/** A Go struct, or anything with named members that are worked out when asked for. */
export interface Struct {
  readonly kind: 'struct';
  /** As error messages name it: `*formatter.ContainerContext`. */
  readonly type: string;
  member(name: string): Member | undefined;
  /** The values in order, as `%v` prints them. */
  values(): readonly Value[];
  /** Its JSON; `<`, `>` and `&` are escaped by those that Go escapes. */
  json(): string;
  /** `%v` of types that print themselves (time.Time). */
  readonly text?: () => string;
}

export type Member =
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'method'; readonly arity: number; readonly call: (args: readonly Value[]) => Value };

export const NIL: Nil = { kind: 'nil', type: 'interface {}' };

export function toList(items: readonly Value[], type = '[]string'): List {
  return { kind: 'list', items, isNil: false, type };
}

export function toDictionary(entries: ReadonlyMap<string, Value>, type: string, missing?: Value): Dictionary {
  return { kind: 'dictionary', entries, isNil: false, type, missing };
}

/** Go's name of the value's type. */
export function typeName(value: Value): string {
  switch (typeof value) {
    case 'undefined':
      return '<nil>';
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return 'float64';
    case 'string':
      return 'string';
    default:
      return value.kind === 'json-number' ? 'json.Number' : value.type;
  }
}

/** What `if` makes of it: empty is false. */
export function isTrue(value: Value): boolean {
  if (typeof value !== 'object') return Boolean(value);
  switch (value.kind) {
    case 'nil':
      return false;
    case 'json-number':
      return value.text !== '';
    case 'list':
      return value.items.length > 0;
    case 'dictionary':
      return value.entries.size > 0;
    case 'struct':
      return true;
  }
}

/** The texts in the order Go sorts them: by code point. */
export function sortedKeys(entries: ReadonlyMap<string, Value>): readonly string[] {
  return [...entries.keys()].sort(compareText);
}

export function compareText(left: string, right: string): number {
  return left === right ? 0 : Buffer.compare(Buffer.from(left), Buffer.from(right));
}

/** JSON's null taken out of what holds it is no value. */
export function plainNil(value: Value): Value {
  return value === NIL ? undefined : value;
}

/** What has no fields. */
export function isScalar(value: Value): boolean {
  return value !== undefined && (typeof value !== 'object' || value.kind === 'list' || value.kind === 'json-number');
}

/** Go's type of what was taken out of `holder`: what JSON holds is of type `interface {}`. */
export function declaredType(holder: Value, value: Value): string {
  const plain = typeof holder === 'object' && holder.kind === 'dictionary' && holder.type.endsWith(']interface {}');
  return plain ? 'interface {}' : typeName(value);
}

/** A list Go knows to be of texts. */
export function isTexts(value: Value): boolean {
  return typeof value === 'object' && value.kind === 'list' && value.type === '[]string';
}
