import { existsSync, readFileSync, statSync } from 'node:fs';
import { bad, oneOf, parseFields } from './fields.ts';

/** Where the client finds a secret. */
export type SecretSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'env'; readonly name: string };

/** As BuildKit bounds it. */
const MAX_BYTES = 500 * 1024;

/** `id=ID[,src=FILE][,env=NAME][,type=file|env]`, any number, as buildx reads it. Errors: invalid_parameter, not_found for a file. */
export function parseSecrets(
  given: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ReadonlyMap<string, SecretSource> {
  return new Map(given.map((text) => parseSecret(text, env)));
}

function parseSecret(text: string, env: Readonly<Record<string, string | undefined>>): readonly [string, SecretSource] {
  const fields = parseFields('secret', text);
  for (const key of fields.keys())
    if (!['type', 'id', 'source', 'src', 'env'].includes(key)) throw bad(`unexpected key '${key}' in '${text}'`);
  const type = oneOf('secret', 'type', fields.get('type') ?? 'file', ['file', 'env']);
  const id = fields.get('id') ?? '';
  if (id === '') throw bad('secret missing ID');
  const path = fields.get('source') ?? fields.get('src') ?? '';
  const name = fields.get('env') ?? (type === 'env' ? path : '');
  if (name !== '') return [id, { kind: 'env', name }];
  if (path === '' && env[id] !== undefined) return [id, { kind: 'env', name: id }];
  const file = path || id;
  if (!existsSync(file)) throw bad(`failed to stat ${file}: stat ${file}: no such file or directory`);
  if (statSync(file).size > MAX_BYTES) throw bad(`secret ${id} too big. max size 500KB`);
  return [id, { kind: 'file', path: file }];
}

/** Undefined: a variable that is not set. Errors: of the file system. */
export function readSecret(
  source: SecretSource,
  env: Readonly<Record<string, string | undefined>>,
): Buffer | undefined {
  if (source.kind === 'file') return readFileSync(source.path);
  const value = env[source.name];
  return value === undefined ? undefined : Buffer.from(value);
}
