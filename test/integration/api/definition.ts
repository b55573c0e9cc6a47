import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** Swagger 2.0's schema, as much as the Engine API's definition uses. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  readonly 'x-nullable'?: boolean;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly allOf?: readonly Schema[];
}

export interface Operation {
  /** `query all`, `header X-Registry-Auth`. */
  readonly parameters: readonly string[];
  readonly body?: { readonly schema: Schema; readonly example?: unknown };
  readonly responses: Readonly<Record<string, { readonly schema?: Schema }>>;
}

/** The Engine API's definition without its prose: scripts/derive-api.ts makes the file. */
export interface Definition {
  readonly version: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly definitions: Readonly<Record<string, Schema>>;
}

export function readDefinition(): Definition {
  const file = resolve(import.meta.dirname, '../../fixtures/api/engine-api-1.51.json');
  return JSON.parse(readFileSync(file, 'utf8')) as Definition;
}

/** Every operation by `GET /containers/json`. */
export function operationsOf({ paths }: Definition): ReadonlyMap<string, Operation> {
  return new Map(
    Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const),
    ),
  );
}
