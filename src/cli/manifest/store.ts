import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, KnownError } from '../../lib/errors.ts';
import type { StoredManifest } from './stored-manifest.ts';
import { formatStored, parseStored } from './stored-manifest.ts';

/**
 * Manifest lists that are being put together, as docker/cli keeps them (cli/manifest/store), so that either client goes on
 * with the other's:
 *
 *     <config folder>/manifests/<list>/<manifest>       names with `:` as `-` and `/` as `_`
 *
 * Names are references in full form.
 */
export interface ManifestStore {
  has(list: string): boolean;
  /** In the order of their file names. Errors: not_found `No such manifest: <list>`. */
  list(list: string): readonly StoredManifest[];
  /** Undefined when the list has no such manifest, or is not there. */
  find(list: string, manifest: string): StoredManifest | undefined;
  /** Keeps them, each under its name, with what the list has already. */
  save(list: string, manifests: ReadonlyMap<string, StoredManifest>): void;
  /** Fine when it is gone. */
  remove(list: string): void;
}

export function createManifestStore(configFolder: string): ManifestStore {
  const root = join(configFolder, 'manifests');
  const folderOf = (list: string): string => join(root, fileName(list));
  return {
    has: (list) => namesIn(folderOf(list)) !== undefined,
    list(list) {
      const names = namesIn(folderOf(list));
      if (names === undefined) throw noSuchManifest(list);
      return names.flatMap((name) => readStored(join(folderOf(list), name)) ?? []);
    },
    find: (list, manifest) => readStored(join(folderOf(list), fileName(manifest))),
    save(list, manifests) {
      mkdirSync(folderOf(list), { recursive: true });
      for (const [name, manifest] of manifests)
        replaceFile(root, join(folderOf(list), fileName(name)), formatStored(manifest));
    },
    remove: (list) => rmSync(folderOf(list), { recursive: true, force: true }),
  };
}

export function noSuchManifest(name: string): KnownError {
  return new KnownError('not_found', `No such manifest: ${name}`);
}

function fileName(reference: string): string {
  return reference.replaceAll(':', '-').replaceAll('/', '_');
}

function namesIn(folder: string): readonly string[] | undefined {
  try {
    return readdirSync(folder).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function readStored(path: string): StoredManifest | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  return parseStored(text, path);
}

/** The temporary file is beside the lists: within one, a client that lists it would take it for a manifest. */
function replaceFile(root: string, path: string, text: string): void {
  const temporary = join(root, `.${randomBytes(6).toString('hex')}`);
  try {
    writeFileSync(temporary, text, { mode: 0o644, flag: 'wx' });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
