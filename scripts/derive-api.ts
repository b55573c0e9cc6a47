/**
 * Makes test/fixtures/api/engine-api-<version>.json out of the Engine API's definition (Swagger 2.0, moby/moby api/swagger.yaml, Apache-2.0):
 *
 *   node_modules/.bin/bun scripts/derive-api.ts <swagger.yaml>
 *
 * What a conformance test needs is kept: paths, methods, statuses, schemas, parameters and an example of each request body. Prose is dropped.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';

type Json = Readonly<Record<string, unknown>>;
interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema?: Json;
}
interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly responses: Readonly<Record<string, { readonly schema?: Json }>>;
}
interface Definition {
  readonly info: { readonly version: string };
  readonly definitions: Readonly<Record<string, Json>>;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** What of a schema bears on whether a value is valid. */
const KEPT = new Set(
  '$ref type format enum required minimum maximum minLength maxLength minItems maxItems pattern x-nullable'.split(' '),
);

const [source] = process.argv.slice(2);
if (source === undefined) throw new Error('usage: derive-api.ts <swagger.yaml>');
const definition = parse(readFileSync(source, 'utf8'), { maxAliasCount: -1 }) as Definition;
const folder = resolve(import.meta.dirname, '../test/fixtures/api');
mkdirSync(folder, { recursive: true });
const paths = mapValues(definition.paths, (methods) => mapValues(methods, toOperation));
const definitions = mapValues(definition.definitions, toSchema);
writeFileSync(
  join(folder, `engine-api-${definition.info.version}.json`),
  `{"version":${JSON.stringify(definition.info.version)},\n"paths":${toLines(paths)},\n"definitions":${toLines(definitions)}}\n`,
);

/** An entry a line: small enough, and a diff shows what has changed. */
function toLines(values: Readonly<Record<string, unknown>>): string {
  return `{\n${Object.entries(values)
    .map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`)
    .join(',\n')}\n}`;
}

function toOperation({ parameters = [], responses }: Operation): Json {
  const body = parameters.find(({ in: where }) => where === 'body');
  return {
    parameters: parameters.filter(({ in: where }) => where !== 'body').map(({ name, in: where }) => `${where} ${name}`),
    ...(body && { body: { schema: toSchema(body.schema ?? {}), example: exampleOf(body.schema ?? {}) } }),
    responses: mapValues(responses, ({ schema }) => (schema ? { schema: toSchema(schema) } : {})),
  };
}

/** A schema without its prose. */
function toSchema(schema: Json): Json {
  const { properties, items, additionalProperties, allOf } = schema;
  return {
    ...Object.fromEntries(Object.entries(schema).filter(([key]) => KEPT.has(key))),
    ...(isObject(properties) && { properties: mapValues(properties as Readonly<Record<string, Json>>, toSchema) }),
    ...(isObject(items) && { items: toSchema(items) }),
    ...(isObject(additionalProperties) && { additionalProperties: toSchema(additionalProperties) }),
    ...(Array.isArray(allOf) && { allOf: (allOf as Json[]).map(toSchema) }),
  };
}

/** The example that a schema gives, else one made of those that its properties give; undefined: none anywhere. */
function exampleOf(schema: Json): unknown {
  if (schema['example'] !== undefined) return schema['example'];
  const { $ref: reference, allOf, properties } = schema;
  if (typeof reference === 'string') return exampleOf(definition.definitions[reference.split('/').at(-1) ?? ''] ?? {});
  if (Array.isArray(allOf)) return Object.assign({}, ...(allOf as Json[]).map(exampleOf)) as Json;
  if (!isObject(properties)) return undefined;
  const examples = Object.entries(properties as Readonly<Record<string, Json>>).flatMap(([name, property]) => {
    const example = exampleOf(property);
    return example === undefined ? [] : [[name, example] as const];
  });
  return examples.length > 0 ? Object.fromEntries(examples) : undefined;
}

function mapValues<T, U>(values: Readonly<Record<string, T>>, to: (value: T) => U): Readonly<Record<string, U>> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, to(value)]));
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
