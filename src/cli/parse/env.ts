import { cut, invalid } from '../../lib/invalid.ts';

/** The environment of the client, for names given without a value. */
export type Lookup = (name: string) => string | undefined;

/** `A=1` as it is; `A` with our own value when we have one. Errors: invalid_parameter without a name. */
export function parseEnv(text: string, lookup: Lookup): string {
  const [name, value] = cut(text, '=');
  if (name === '') throw invalid(`invalid environment variable: ${text}`);
  const own = value === undefined ? lookup(name) : undefined;
  return own === undefined ? text : `${name}=${own}`;
}

/**
 * The `NAME=value` lines of a file for --env-file or --label-file. Comments and empty lines are dropped, a name alone takes
 * our own value and is dropped without one. Values are kept as they are, quotes included. Errors: invalid_parameter.
 */
export function parseKeyValueFile(content: string, path: string, lookup: Lookup): readonly string[] {
  const pairs: string[] = [];
  for (const line of content.replace(/^\uFEFF/, '').split(/\r?\n/)) {
    const text = line.trimStart();
    if (text === '' || text.startsWith('#')) continue;
    const [name, value] = cut(text, '=');
    if (/\s/.test(name)) throw invalid(`invalid env file (${path}): variable '${name}' contains whitespaces`);
    if (name === '') throw invalid(`invalid env file (${path}): no variable name on line '${text}'`);
    const own = value === undefined ? lookup(name) : value;
    if (own !== undefined) pairs.push(`${name}=${own}`);
  }
  return pairs;
}

/** One entry a name; the last one counts, in the place of the first. */
export function mergeEnv(entries: readonly string[]): readonly string[] {
  const byName = new Map<string, string>();
  for (const entry of entries) byName.set(cut(entry, '=')[0], entry);
  return [...byName.values()];
}

/** `a=b`, `a`. Errors: invalid_parameter without a name. */
export function checkLabel(text: string): void {
  if (cut(text, '=')[0].trimStart() === '') throw invalid(`invalid label '${text}': empty name`);
}

/** `{ a: 'b' }` of `a=b`; a name alone has an empty value, the last of a name counts. */
export function toMap(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(pairs.map((pair) => cut(pair, '=')).map(([name, value]) => [name, value ?? '']));
}
