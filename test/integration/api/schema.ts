import type { Definition, Schema } from './definition.ts';

/** Checks values against the schemas of one definition, and remembers which fields it has met. */
export interface Checker {
  /** What is wrong with a value, each as `Name.field: what`; empty: nothing. Fields that the schema does not have are wrong. */
  check(schema: Schema, value: unknown, name: string): readonly string[];
  /** `Name.field` of every field met so far. */
  readonly met: ReadonlySet<string>;
  /** `Name.field` of every field that the schema and what it refers to have. */
  fieldsOf(schema: Schema, name: string): ReadonlySet<string>;
}

export function createChecker({ definitions }: Pick<Definition, 'definitions'>): Checker {
  const met = new Set<string>();

  function resolve(schema: Schema, name: string): { readonly schema: Schema; readonly name: string } {
    if (schema.$ref !== undefined) {
      const target = schema.$ref.split('/').at(-1) ?? '';
      const found = definitions[target];
      if (found === undefined) throw new Error(`the definition lacks ${schema.$ref}`);
      const { $ref: _, ...own } = schema;
      return resolve({ ...found, ...own }, target);
    }
    if (schema.allOf === undefined) return { schema, name };
    const parts = schema.allOf.map((part) => resolve(part, name).schema);
    const properties = Object.assign({}, ...parts.map((part) => part.properties ?? {})) as Record<string, Schema>;
    const required = parts.flatMap((part) => part.required ?? []);
    return { schema: { ...schema, type: 'object', properties, required }, name };
  }

  function check(given: Schema, value: unknown, givenName: string): readonly string[] {
    const { schema, name } = resolve(given, givenName);
    if (value === null) return schema['x-nullable'] ? [] : [`${givenName}: null`];
    const problem = mismatch(schema, value);
    if (problem !== undefined) return [`${givenName}: ${problem}`];
    if (Array.isArray(value) && schema.items !== undefined) {
      const { items } = schema;
      return unique(value.flatMap((item: unknown) => check(items, item, `${givenName}[]`)));
    }
    return typeof value === 'object' && !Array.isArray(value) ? checkObject(schema, value, name) : [];
  }

  function checkObject(schema: Schema, value: object, name: string): readonly string[] {
    const { properties, additionalProperties, required = [] } = schema;
    const missing = required.filter((key) => !(key in value)).map((key) => `${name}.${key}: missing`);
    const wrong = Object.entries(value).flatMap(([key, item]) => {
      const property = properties?.[key];
      if (property !== undefined) {
        met.add(`${name}.${key}`);
        return check(property, item, `${name}.${key}`);
      }
      if (additionalProperties !== undefined) return check(additionalProperties, item, `${name}.*`);
      return properties === undefined ? [] : [`${name}.${key}: not in the definition`];
    });
    return unique([...missing, ...wrong]);
  }

  function fieldsOf(given: Schema, givenName: string, found = new Set<string>()): ReadonlySet<string> {
    const { schema, name } = resolve(given, givenName);
    for (const [key, property] of Object.entries(schema.properties ?? {})) {
      const field = `${name}.${key}`;
      if (found.has(field)) continue;
      found.add(field);
      fieldsOf(property, field, found);
    }
    if (schema.items) fieldsOf(schema.items, `${givenName}[]`, found);
    if (schema.additionalProperties) fieldsOf(schema.additionalProperties, `${name}.*`, found);
    return found;
  }

  return { check, met, fieldsOf };
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}

/** What is wrong with a value that is not null, its parts aside. */
function mismatch(schema: Schema, value: unknown): string | undefined {
  const kind = kindOf(value);
  if (schema.type !== undefined && schema.type !== kind && !(schema.type === 'number' && kind === 'integer'))
    return `${kind} instead of ${schema.type}`;
  if (schema.enum !== undefined && !schema.enum.some((one) => JSON.stringify(one) === JSON.stringify(value)))
    return `${JSON.stringify(value)} is not in the enum`;
  if (typeof value === 'number') return numberMismatch(schema, value);
  if (typeof value === 'string') return textMismatch(schema, value);
  if (Array.isArray(value) && outside(value.length, schema.minItems, schema.maxItems)) return `${value.length} items`;
  return undefined;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  int8: [-(2 ** 7), 2 ** 7 - 1],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint8: [0, 2 ** 8 - 1],
  uint16: [0, 2 ** 16 - 1],
  uint32: [0, 2 ** 32 - 1],
  uint64: [0, 2 ** 64],
};

function numberMismatch({ format = '', minimum, maximum }: Schema, value: number): string | undefined {
  const [least, most] = RANGES[format] ?? [];
  return outside(value, minimum ?? least, maximum ?? most) ? `${value} is out of range` : undefined;
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

function textMismatch({ format, pattern, minLength, maxLength }: Schema, value: string): string | undefined {
  if (format?.toLowerCase().replace('-', '') === 'datetime' && !TIME.test(value)) return `${value} is no time`;
  if (pattern !== undefined && !new RegExp(pattern).test(value)) return `${value} does not match ${pattern}`;
  return outside(value.length, minLength, maxLength) ? `${value.length} characters` : undefined;
}

function outside(value: number, least: number | undefined, most: number | undefined): boolean {
  return (least !== undefined && value < least) || (most !== undefined && value > most);
}
