import { readFileSync } from 'node:fs';
import { errnoOf, KnownError, messageOf } from '../../lib/errors.ts';

/** What config.json holds: `{}` when the file is absent. `problem` is the warning for one that cannot be read. */
export interface LoadedConfig {
  readonly raw: Readonly<Record<string, unknown>>;
  readonly problem?: string;
}

export function loadConfig(path: string): LoadedConfig {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (isRecord(value)) return { raw: value };
    throw new KnownError('invalid_parameter', 'the file holds no JSON object');
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return { raw: {} };
    const what = code === undefined ? 'parsing config file' : 'loading config file';
    const subject = code === undefined ? ` (${path})` : '';
    return { raw: {}, problem: `WARNING: Error ${what}${subject}: ${reasonOf(error, code, path)}\n` };
  }
}

function reasonOf(error: unknown, code: string | undefined, path: string): string {
  if (code === 'EACCES') return `open ${path}: permission denied`;
  if (code === 'EISDIR') return `read ${path}: is a directory`;
  return messageOf(error);
}

/** `config[key]` when it is a text that is not empty. */
export function textIn(config: Readonly<Record<string, unknown>>, key: string): string | undefined {
  const value = config[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The headers every request carries (`HttpHeaders`). A User-Agent there is dropped, as the Go client does. */
export function headersIn(config: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const given = config['HttpHeaders'];
  if (!isRecord(given)) return {};
  const texts = Object.entries(given).filter(([name]) => name.toLowerCase() !== 'user-agent');
  return Object.fromEntries(texts.map(([name, value]) => [name, String(value)]));
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
