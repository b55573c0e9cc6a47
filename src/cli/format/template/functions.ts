import { KnownError } from '../../../lib/errors.ts';
import { encodeJson } from './json.ts';
import { formatValue, sprint, sprintf } from './print.ts';
import { compareText, type Dictionary, isTrue, type List, toList, typeName, type Value } from './value.ts';

/** A function of a template. A failure's message follows `error calling NAME: `. */
export interface TemplateFunction {
  readonly min: number;
  /** Undefined: any number. */
  readonly max: number | undefined;
  /** Go types of the arguments that must be of one; the last holds for those after it. */
  readonly types?: readonly ('string' | 'int' | '[]string' | 'any')[];
  readonly call: (args: readonly Value[]) => Value;
}

export type FunctionTable = Readonly<Record<string, TemplateFunction>>;

/** Go's own (text/template/funcs.go) without `html`, `js`, `urlquery` and `call`, and those of docker (templates.go). */
export const FUNCTIONS: FunctionTable = {
  and: any(1, (args) => args.find((arg) => !isTrue(arg)) ?? args.at(-1)),
  or: any(1, (args) => args.find(isTrue) ?? args.at(-1)),
  not: { min: 1, max: 1, call: ([value]) => !isTrue(value) },
  len: { min: 1, max: 1, call: ([value]) => BigInt(lengthOf(value)) },
  index: any(1, ([value, ...keys]) => keys.reduce(item, value)),
  slice: { min: 1, max: 4, call: ([value, ...bounds]) => slice(value, bounds) },
  print: any(0, sprint),
  printf: {
    min: 1,
    max: undefined,
    types: ['string', 'any'],
    call: ([format, ...args]) => sprintf(text(format), args),
  },
  println: any(0, (args) => `${args.map(formatValue).join(' ')}\n`),
  eq: any(1, ([left, ...rights]) => equalsAny(left, rights)),
  ne: { min: 2, max: 2, call: ([left, right]) => !equals(left, right) },
  lt: { min: 2, max: 2, call: ([left, right]) => order(left, right) < 0 },
  le: { min: 2, max: 2, call: ([left, right]) => order(left, right) <= 0 },
  gt: { min: 2, max: 2, call: ([left, right]) => order(left, right) > 0 },
  ge: { min: 2, max: 2, call: ([left, right]) => order(left, right) >= 0 },
  json: { min: 1, max: 1, call: ([value]) => encodeJson(value) },
  split: { min: 2, max: 2, types: ['string'], call: ([value, by]) => toList(text(value).split(text(by))) },
  join: { min: 2, max: 2, types: ['[]string', 'string'], call: ([list, by]) => texts(list).join(text(by)) },
  title: { min: 1, max: 1, types: ['string'], call: ([value]) => title(text(value)) },
  lower: { min: 1, max: 1, types: ['string'], call: ([value]) => text(value).toLowerCase() },
  upper: { min: 1, max: 1, types: ['string'], call: ([value]) => text(value).toUpperCase() },
  pad: { min: 3, max: 3, types: ['string', 'int'], call: ([value, left, right]) => padded(text(value), left, right) },
  truncate: { min: 2, max: 2, types: ['string', 'int'], call: ([value, size]) => truncate(text(value), size) },
};

const same: TemplateFunction = { min: 1, max: 1, call: ([value]) => value };
const sameOfTwo: TemplateFunction = { min: 2, max: 2, call: ([value]) => value };

/** For the line of headings: the functions that would change a column's title leave it alone. */
export const HEADER_FUNCTIONS: FunctionTable = {
  ...FUNCTIONS,
  json: same,
  title: same,
  lower: same,
  upper: same,
  truncate: sameOfTwo,
  split: sameOfTwo,
  join: sameOfTwo,
};

function any(min: number, call: (args: readonly Value[]) => Value): TemplateFunction {
  return { min, max: undefined, call };
}

function fail(message: string): never {
  throw new KnownError('invalid_parameter', message);
}

function text(value: Value): string {
  return typeof value === 'string' ? value : formatValue(value);
}

function isList(value: Value): value is List {
  return typeof value === 'object' && value.kind === 'list';
}

function texts(value: Value): readonly string[] {
  return isList(value) ? value.items.map(text) : [];
}

function lengthOf(value: Value): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (value === undefined) return fail('len of nil pointer');
  if (typeof value === 'object') {
    if (value.kind === 'list') return value.items.length;
    if (value.kind === 'dictionary') return value.entries.size;
    if (value.kind === 'json-number') return value.text.length;
    if (value.kind === 'nil') return fail('len of nil pointer');
  }
  return fail(`len of type ${typeName(value)}`);
}

function item(value: Value, key: Value): Value {
  if (value === undefined) return fail('index of untyped nil');
  if (typeof value === 'string') return BigInt(Buffer.from(value)[position(key, Buffer.byteLength(value))] ?? 0);
  if (typeof value !== 'object') return fail(`can't index item of type ${typeName(value)}`);
  switch (value.kind) {
    case 'nil':
      return fail('index of nil pointer');
    case 'list':
      return value.items[position(key, value.items.length)];
    case 'dictionary':
      return entry(value, key);
    default:
      return fail(`can't index item of type ${typeName(value)}`);
  }
}

function entry({ entries, missing, keyType = 'string' }: Dictionary, key: Value): Value {
  if (key === undefined) return fail(`value is nil; should be of type ${keyType}`);
  if (typeof key !== 'string' || keyType !== 'string') {
    return fail(`value has type ${typeName(key)}; should be ${keyType}`);
  }
  return entries.has(key) ? entries.get(key) : missing;
}

function position(key: Value, length: number): number {
  if (key === undefined) return fail('cannot index slice/array with nil');
  if (typeof key !== 'bigint') return fail(`cannot index slice/array with type ${typeName(key)}`);
  if (key < 0n || key >= BigInt(length)) return fail(`index out of range: ${key}`);
  return Number(key);
}

function slice(value: Value, bounds: readonly Value[]): Value {
  if (value === undefined) return fail('slice of untyped nil');
  if (typeof value === 'string' && bounds.length === 3) return fail('cannot 3-index slice a string');
  if (typeof value !== 'string' && !isList(value)) return fail(`can't slice item of type ${typeName(value)}`);
  const length = lengthOf(value);
  const [from, to] = [bound(bounds[0], 0, length), bound(bounds[1], length, length)];
  if (from > to) return fail(`invalid slice index: ${from} > ${to}`);
  if (typeof value === 'string') return Buffer.from(value).subarray(from, to).toString();
  return { ...value, items: value.items.slice(from, to), isNil: false };
}

function bound(key: Value, otherwise: number, length: number): number {
  if (key === undefined) return otherwise;
  if (typeof key !== 'bigint') return fail(`cannot index slice/array with type ${typeName(key)}`);
  if (key < 0n || key > BigInt(length)) return fail(`index out of range: ${key}`);
  return Number(key);
}

function equalsAny(left: Value, rights: readonly Value[]): boolean {
  if (rights.length === 0) return fail('missing argument for comparison');
  return rights.some((right) => equals(left, right));
}

/** The kinds Go compares with each other. */
function kindOf(value: Value): string {
  if (typeof value !== 'object') return typeof value;
  if ('isNil' in value && value.isNil) return 'nil';
  return value.kind === 'json-number' ? 'string' : value.kind;
}

function scalar(value: Value): Value {
  return typeof value === 'object' && value.kind === 'json-number' ? value.text : value;
}

function equals(left: Value, right: Value): boolean {
  const [one, two] = [kindOf(left), kindOf(right)];
  const nothing = ['undefined', 'nil'];
  if (nothing.includes(one) || nothing.includes(two)) return nothing.includes(one) && nothing.includes(two);
  const composite = ['list', 'dictionary', 'struct'];
  if (one !== two) return fail('incompatible types for comparison');
  if (composite.includes(one)) return fail(`non-comparable type ${formatValue(left)}: ${typeName(left)}`);
  return scalar(left) === scalar(right);
}

function order(leftValue: Value, rightValue: Value): number {
  const [left, right] = [scalar(leftValue), scalar(rightValue)];
  if (typeof left === 'boolean' || left === undefined || typeof left === 'object') {
    return fail('invalid type for comparison');
  }
  if (right === undefined || typeof right === 'object') return fail('invalid type for comparison');
  if (typeof left === 'string' && typeof right === 'string') return compareText(left, right);
  if (typeof left !== typeof right) return fail('incompatible types for comparison');
  return left < right ? -1 : Number(left > right);
}

function title(value: string): string {
  return value.replace(
    /(^|[^\p{L}\p{N}_'])(\p{L})/gu,
    (_all, before: string, letter: string) => before + letter.toUpperCase(),
  );
}

function padded(value: string, left: Value, right: Value): string {
  return value === '' ? value : ' '.repeat(Number(left)) + value + ' '.repeat(Number(right));
}

function truncate(value: string, size: Value): string {
  const bytes = Buffer.from(value);
  return bytes.length < Number(size) ? value : bytes.subarray(0, Number(size)).toString();
}
