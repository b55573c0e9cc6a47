import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseIgnoreFile } from '../../build/ignore/ignore-file.ts';
import { KnownError } from '../../lib/errors.ts';
import { ignoreFile, isArchive, isRemote, noDockerfile } from './context.ts';

/** A Dockerfile that can be looked at without sending a context. */
export interface LocalDockerfile {
  readonly text: string;
  /** As it is shown: relative to where the user is. */
  readonly fileName: string;
  /** Of the context's ignore file. */
  readonly ignorePatterns: readonly string[];
}

/**
 * `place` and `file` as `docker build [-f file] place` means them; `readInput` is called when one of them is `-`. Errors: not_found,
 * invalid_parameter, not_implemented for a context that is an address or an archive.
 */
export async function localDockerfile(
  place: string,
  file: string,
  readInput: () => Promise<Buffer>,
): Promise<LocalDockerfile> {
  if (place === '-' && file === '-')
    throw new KnownError(
      'invalid_parameter',
      'invalid argument: can not use stdin for both build context and dockerfile',
    );
  if (isRemote(place))
    throw new KnownError('not_implemented', `a Dockerfile at an address cannot be looked at: ${place}`);
  if (place === '-' || file === '-') {
    const input = await readInput();
    if (isArchive(input)) throw new KnownError('not_implemented', 'a Dockerfile in an archive cannot be looked at');
    const ignorePatterns = place === '-' ? [] : patternsOf(place, join(resolve(place), 'Dockerfile'));
    return { text: input.toString('utf8'), fileName: 'Dockerfile', ignorePatterns };
  }
  if (statSync(place, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new KnownError('not_found', `unable to prepare context: path "${place}" not found`);
  const fileName = file === '' ? defaultName(place) : file;
  const path = dockerfilePath(place, file);
  return { text: readFileSync(path, 'utf8'), fileName, ignorePatterns: patternsOf(place, path) };
}

/** The Dockerfile of a folder, as `-f` (relative to where the user is; '' is the folder's own) says. Errors: not_found. */
export function dockerfilePath(folder: string, file: string): string {
  const path = resolve(file === '' ? defaultName(folder) : file);
  if (!existsSync(path)) throw noDockerfile(path);
  return path;
}

/** `dockerfile` where there is no `Dockerfile`. */
function defaultName(folder: string): string {
  const names = [join(folder, 'Dockerfile'), join(folder, 'dockerfile')];
  return names.find((name) => existsSync(name)) ?? join(folder, 'Dockerfile');
}

function patternsOf(folder: string, dockerfile: string): readonly string[] {
  const path = ignoreFile(resolve(folder), dockerfile);
  return path === undefined ? [] : parseIgnoreFile(readFileSync(path, 'utf8'));
}
