import { encodeJson, encodeText } from '../template/json.ts';
import { isTrue, type JsonNumber, NIL, type Struct, toDictionary, toList, type Value } from '../template/value.ts';

/**
 * Go's struct types by name (`=> {Name}` after the fields: it prints itself so), so that templates see an answer as docker's do: fields in order, zero values for what is absent.
 * A type is its fields, `;` between them: `GoName[:jsonName[?]] type` (`?`: left out of JSON when empty), where a type is `string`, `bool`, `int`, `float64`,
 * `duration` (nanoseconds), `any`, `[]T`, `map[K]T` (K is `string` or a type that a text is not), `*T` or the name of another.
 */
export type Shapes = Readonly<Record<string, string>>;

interface Field {
  readonly name: string;
  readonly json: string;
  readonly type: string;
  /** Left out of JSON when empty (omitempty). */
  readonly optional: boolean;
}

/** What parseExact read, as a value of the Go type `type`. What does not fit the type is taken as plain JSON. */
export function decodeAs(shapes: Shapes, type: string, parsed: unknown): Value {
  if (type.startsWith('*')) {
    if (parsed === undefined || parsed === null) return { kind: 'nil', type };
    const value = decodeAs(shapes, type.slice(1), parsed);
    return typeof value === 'object' && value.kind === 'struct' ? { ...value, type } : value;
  }
  if (type.startsWith('[]')) return decodeList(shapes, type, parsed);
  if (type.startsWith('map[')) return decodeMap(shapes, type, parsed);
  const shape = shapes[type];
  return shape === undefined ? decodeBasic(type, parsed) : decodeStruct(shapes, type, shape, parsed);
}

function decodeBasic(type: string, parsed: unknown): Value {
  switch (type) {
    case 'string':
      return typeof parsed === 'string' ? parsed : '';
    case 'bool':
      return parsed === true;
    case 'int':
      return isJsonNumber(parsed) ? BigInt(parsed.text) : BigInt(Math.trunc(Number(parsed ?? 0)) || 0);
    case 'duration':
      return scalar('time.Duration', formatDuration(Number(parsed ?? 0)), String(Number(parsed ?? 0)));
    case 'time':
      return decodeTime(typeof parsed === 'string' ? parsed : ZERO_TIME);
    case 'float64':
      return Number(parsed ?? 0);
    default:
      return decodeAny(parsed);
  }
}

/** JSON without a type: numbers are floats. */
function decodeAny(parsed: unknown): Value {
  if (parsed === null) return NIL;
  if (Array.isArray(parsed)) return toList(parsed.map(decodeAny), '[]interface {}');
  if (isJsonNumber(parsed)) return Number(parsed.text);
  if (typeof parsed === 'object') {
    const entries = Object.entries(parsed).map(([key, value]) => [key, decodeAny(value)] as const);
    return toDictionary(new Map(entries), 'map[string]interface {}');
  }
  return typeof parsed === 'string' || typeof parsed === 'boolean' || typeof parsed === 'number' ? parsed : undefined;
}

function decodeList(shapes: Shapes, type: string, parsed: unknown): Value {
  const items: readonly unknown[] = Array.isArray(parsed) ? parsed : [];
  const values = items.map((item) => decodeAs(shapes, type.slice('[]'.length), item));
  return { kind: 'list', items: values, isNil: !Array.isArray(parsed), type: goName(type) };
}

function decodeMap(shapes: Shapes, type: string, parsed: unknown): Value {
  const [, keyType = 'string', element = 'any'] = /^map\[([^\]]+)\](.*)$/.exec(type) ?? [];
  const isNil = typeof parsed !== 'object' || parsed === null;
  const entries = isNil
    ? []
    : Object.entries(parsed).map(([key, value]) => [key, decodeAs(shapes, element, value)] as const);
  const missing = element === 'any' ? undefined : decodeAs(shapes, element, undefined);
  return { kind: 'dictionary', entries: new Map(entries), isNil, type: goName(type), keyType, missing };
}

function decodeStruct(shapes: Shapes, type: string, shape: string, parsed: unknown): Struct {
  const source = typeof parsed === 'object' && parsed !== null ? parsed : {};
  const [listed = '', text] = shape.split('=>');
  const fields = parseFields(listed);
  const valueOf = (field: Field): Value => decodeAs(shapes, field.type, Reflect.get(source, field.json));
  return {
    kind: 'struct',
    type,
    member: (name) => {
      const field = fields.find((one) => one.name === name);
      return field && { kind: 'value', value: valueOf(field) };
    },
    values: () => fields.map(valueOf),
    json: () => encodeFields(source, fields, valueOf),
    ...(text === undefined ? {} : { text: () => fillIn(text.trim(), source) }),
  };
}

function parseFields(shape: string): readonly Field[] {
  return shape
    .split(';')
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map((text) => {
      const [names = '', type = 'string'] = text.split(' ');
      const [name = '', json = name] = names.split(':');
      return { name, json: json.replace('?', ''), type, optional: json.endsWith('?') };
    });
}

/** `{Name}={Soft}` with the members' texts. */
function fillIn(text: string, source: object): string {
  return text.replace(/\{(\w+)\}/g, (_all, name: string) => String(Reflect.get(source, name) ?? ''));
}

/** The fields the answer has, in the type's order; those the type does not know are dropped, as Go does. */
function encodeFields(source: object, fields: readonly Field[], valueOf: (field: Field) => Value): string {
  const present = fields.filter((field) => field.json in source && !(field.optional && isEmpty(field, valueOf(field))));
  return `{${present.map((field) => `${encodeText(field.json)}:${encodeJson(valueOf(field))}`).join(',')}}`;
}

/** Go's omitempty: a pointer to nothing is something. */
function isEmpty(field: Field, value: Value): boolean {
  if (field.type.startsWith('*')) return typeof value === 'object' && value.kind === 'nil';
  return !isTrue(value);
}

const ZERO_TIME = '0001-01-01T00:00:00Z';

function decodeTime(text: string): Struct {
  return scalar('time.Time', formatTimeText(text), encodeText(text));
}

/** A value that prints itself. */
function scalar(type: string, text: string, json: string): Struct {
  return { kind: 'struct', type, member: () => undefined, values: () => [], json: () => json, text: () => text };
}

/** RFC 3339 as time.Time prints: `2026-11-24 02:11:35.629 +0000 UTC`. */
function formatTimeText(text: string): string {
  const [, date, clock, fraction = '', zone = 'Z'] = /^(\S+?)T([\d:]+)(\.\d+)?(.*)$/.exec(text) ?? [];
  if (date === undefined) return text;
  const offset = zone.replace(':', '');
  return `${date} ${clock}${fraction.replace(/\.?0+$/, '')} ${zone === 'Z' ? '+0000 UTC' : `${offset} ${offset}`}`;
}

function isJsonNumber(parsed: unknown): parsed is JsonNumber {
  return typeof parsed === 'object' && parsed !== null && 'kind' in parsed && parsed.kind === 'json-number';
}

function goName(type: string): string {
  return type.replace(/any$/, 'interface {}');
}

const UNITS: readonly (readonly [string, number])[] = [
  ['h', 3600e9],
  ['m', 60e9],
];

/** Nanoseconds as Go's time.Duration prints: `1m30s`, `1.5ms`. */
export function formatDuration(nanos: number): string {
  if (nanos === 0) return '0s';
  const size = Math.abs(nanos);
  const sign = nanos < 0 ? '-' : '';
  if (size < 1e3) return `${sign}${size}ns`;
  if (size < 1e6) return `${sign}${size / 1e3}µs`;
  if (size < 1e9) return `${sign}${size / 1e6}ms`;
  let [text, rest] = ['', size];
  for (const [unit, length] of UNITS) {
    const count = Math.floor(rest / length);
    if (text !== '' || count > 0) text += `${count}${unit}`;
    rest -= count * length;
  }
  return `${sign}${text}${rest / 1e9}s`;
}
