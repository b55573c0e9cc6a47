import { cut, invalid } from '../../lib/invalid.ts';
import { parseCsvLine } from './csv.ts';

/** A secret of the engine as a file in a container. */
export interface SecretFile {
  readonly Source: string;
  readonly Target: string;
  readonly UID: string;
  readonly GID: string;
  readonly Mode: number;
}

/** `NAME`, or `source=NAME,target=...,uid=...,gid=...,mode=0400` (docker/cli opts/swarmopts/secret.go). Errors: invalid_parameter. */
export function parseSecret(text: string): SecretFile {
  const fields = parseCsvLine(text);
  const [only = ''] = fields;
  if (fields.length === 1 && !only.includes('='))
    return { Source: only, Target: only, UID: '0', GID: '0', Mode: 0o444 };
  let file = { Source: '', Target: '', UID: '0', GID: '0', Mode: 0o444 };
  for (const field of fields) {
    const [key, value] = cut(field, '=');
    if (value === undefined) throw invalid(`invalid field '${field}' must be a key=value pair`);
    file = { ...file, ...fieldOf(key.toLowerCase(), value, field) };
  }
  if (file.Source === '') throw invalid('source is required');
  return { ...file, Target: file.Target || file.Source };
}

function fieldOf(key: string, value: string, field: string): Partial<SecretFile> {
  switch (key) {
    case 'source':
    case 'src':
      return { Source: value };
    case 'target':
      return { Target: value };
    case 'uid':
      return { UID: value };
    case 'gid':
      return { GID: value };
    case 'mode':
      if (!/^[0-7]{1,7}$/.test(value)) throw invalid(`invalid mode specified: ${value}`);
      return { Mode: Number.parseInt(value, 8) };
    default:
      throw invalid(`invalid field in secret request: ${field}`);
  }
}
