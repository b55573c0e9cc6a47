import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, KnownError, messageOf } from '../../lib/errors.ts';
import { invalid } from '../../lib/invalid.ts';
import { isRecord } from './load.ts';

/** A context as its meta.json holds it; what others keep in it is kept. */
export interface ContextMeta {
  readonly Name: string;
  readonly Metadata: Readonly<Record<string, unknown>>;
  readonly Endpoints: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** PEM texts by file name (`ca.pem`, `cert.pem`, `key.pem`), by endpoint. */
export type TlsFiles = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Where a context lies below `<config dir>/contexts`, as Docker's client keeps it. */
export function contextFolders(configDir: string, name: string): { readonly meta: string; readonly tls: string } {
  const id = createHash('sha256').update(name).digest('hex');
  return { meta: join(configDir, 'contexts', 'meta', id), tls: join(configDir, 'contexts', 'tls', id) };
}

/** Errors: invalid_parameter in Docker's words. */
export function checkContextName(name: string): void {
  if (name === '') throw invalid('context name cannot be empty');
  if (name === 'default') throw invalid('"default" is a reserved context name');
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$/.test(name))
    throw invalid(
      `context name ${JSON.stringify(name)} is invalid, names are validated against regexp "^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$"`,
    );
}

/** Sorted by name. One whose file is damaged is left out. */
export function listContexts(configDir: string): readonly ContextMeta[] {
  const folder = join(configDir, 'contexts', 'meta');
  const found = (existsSync(folder) ? readdirSync(folder) : []).flatMap((id) => {
    try {
      return [parseMeta(readFileSync(join(folder, id, 'meta.json'), 'utf8'))];
    } catch {
      return [];
    }
  });
  return found.toSorted((a, b) => (a.Name < b.Name ? -1 : 1));
}

export function hasContext(configDir: string, name: string): boolean {
  return existsSync(join(contextFolders(configDir, name).meta, 'meta.json'));
}

/** Errors: not_found in Docker's words, invalid_parameter for a damaged file. */
export function readContext(configDir: string, name: string): ContextMeta {
  const path = join(contextFolders(configDir, name).meta, 'meta.json');
  try {
    return parseMeta(readFileSync(path, 'utf8'));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT')
      throw new KnownError(
        'not_found',
        `context "${name}": context not found: open ${path}: no such file or directory`,
      );
    throw new KnownError('invalid_parameter', `context "${name}": reading ${path}: ${messageOf(error)}`);
  }
}

/** Errors: invalid_parameter. */
export function parseMeta(text: string): ContextMeta {
  const value: unknown = JSON.parse(text);
  if (!isRecord(value) || typeof value['Name'] !== 'string') throw invalid('the file describes no context');
  const endpoints = isRecord(value['Endpoints']) ? value['Endpoints'] : {};
  return {
    Name: value['Name'],
    Metadata: isRecord(value['Metadata']) ? value['Metadata'] : {},
    Endpoints: Object.fromEntries(Object.entries(endpoints).map(([name, one]) => [name, isRecord(one) ? one : {}])),
  };
}

export function readTlsFiles(configDir: string, name: string): TlsFiles {
  const { tls } = contextFolders(configDir, name);
  return Object.fromEntries(
    foldersIn(tls).map((endpoint) => [
      endpoint,
      Object.fromEntries(
        readdirSync(join(tls, endpoint)).map((file) => [file, readFileSync(join(tls, endpoint, file), 'utf8')]),
      ),
    ]),
  );
}

function foldersIn(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
}

/** Makes or replaces a context. `tls` undefined: its certificates stay as they are. */
export function writeContext(configDir: string, meta: ContextMeta, tls?: TlsFiles): void {
  const folders = contextFolders(configDir, meta.Name);
  if (tls) {
    rmSync(folders.tls, { recursive: true, force: true });
    for (const [endpoint, files] of Object.entries(tls)) {
      mkdirSync(join(folders.tls, endpoint), { recursive: true, mode: 0o700 });
      for (const [file, text] of Object.entries(files))
        writeFileSync(join(folders.tls, endpoint, file), text, { mode: 0o600 });
    }
  }
  mkdirSync(folders.meta, { recursive: true, mode: 0o755 });
  writeFileSync(join(folders.meta, 'meta.json'), JSON.stringify(meta));
}

export function removeContext(configDir: string, name: string): void {
  const { meta, tls } = contextFolders(configDir, name);
  rmSync(meta, { recursive: true, force: true });
  rmSync(tls, { recursive: true, force: true });
}
