/** Which files a COPY takes from the context, and what they are called in the image. Pure. */
import { basename, posix } from 'node:path';
import { compilePattern } from '../../build/ignore/pattern.ts';
import { clean } from '../../build/plan/paths.ts';
import { KnownError } from '../../lib/errors.ts';
import type { ContextEntry } from './context.ts';

export interface SelectedFile {
  /** Absolute path in the image. */
  readonly target: string;
  readonly entry: ContextEntry;
  /** The step names it, it is not only below a folder that is named. */
  readonly named: boolean;
}

type Entries = ReadonlyMap<string, ContextEntry>;

/** What a step names: a folder gives what is below it, a file itself. */
export interface Source {
  /** Where it is, links followed. */
  readonly path: string;
  /** What it is called in a folder. */
  readonly name: string;
}

/** The paths that a step's sources mean. Errors: invalid_parameter when one names nothing. */
export function findSources(entries: Entries, paths: readonly string[], instruction: string): readonly Source[] {
  const folders = foldersOf(entries);
  return paths.flatMap((path) => {
    const wanted = clean(path);
    if (/[*?[]/.test(wanted)) return matching(entries, folders, wanted, instruction);
    const found = follow(entries, folders, wanted);
    if (found !== undefined) return [{ path: found, name: basename(wanted) }];
    throw new KnownError(
      'invalid_parameter',
      `${instruction} failed: file not found in build context or excluded by .dockerignore: stat ${wanted.slice(1)}: file does not exist`,
    );
  });
}

/** Folders that entries lie in, named by the archive or not. */
function foldersOf(entries: Entries): ReadonlySet<string> {
  const folders = new Set(['/']);
  for (const [path, { header }] of entries) {
    if (header.type === 'directory') folders.add(path);
    for (let above = posix.dirname(path); !folders.has(above); above = posix.dirname(above)) folders.add(above);
  }
  return folders;
}

function matching(
  entries: Entries,
  folders: ReadonlySet<string>,
  pattern: string,
  instruction: string,
): readonly Source[] {
  // two stars mean no more than one here
  const test = compilePattern(pattern.replaceAll(/\*{2,}/g, '*'));
  const found = [...new Set([...entries.keys(), ...folders])].filter((path) => path !== '/' && test(path)).toSorted();
  if (found.length === 0)
    throw new KnownError('invalid_parameter', `${instruction} failed: no source files were specified`);
  return found.flatMap((path) => {
    const real = follow(entries, folders, path);
    return real === undefined ? [] : [{ path: real, name: basename(path) }];
  });
}

const MAX_LINKS = 40;

/** The path with links followed inside the context; undefined when it leads nowhere. */
function follow(entries: Entries, folders: ReadonlySet<string>, path: string): string | undefined {
  let parts = path.split('/').filter((part) => part !== '');
  let at = '/';
  for (let links = 0; parts.length > 0; ) {
    const next = posix.join(at, parts[0] ?? '');
    const entry = entries.get(next);
    if (entry?.header.type === 'symlink') {
      if (++links > MAX_LINKS) return undefined;
      parts = [
        ...clean(posix.resolve(at, entry.header.linkName))
          .split('/')
          .filter((part) => part !== ''),
        ...parts.slice(1),
      ];
      at = '/';
    } else {
      if (entry === undefined && !folders.has(next)) return undefined;
      at = next;
      parts = parts.slice(1);
    }
  }
  return at;
}

/** `intoFolder`: the destination is a folder, files keep their names in it. */
export function placeFiles(
  entries: Entries,
  sources: readonly Source[],
  destination: string,
  intoFolder: boolean,
): readonly SelectedFile[] {
  return sources.flatMap(({ path: source, name }): readonly SelectedFile[] => {
    const entry = entries.get(source);
    if (entry !== undefined && entry.header.type !== 'directory')
      return [{ entry, named: true, target: intoFolder ? posix.join(destination, name) : clean(destination) }];
    const prefix = source === '/' ? '/' : `${source}/`;
    return Array.from(entries)
      .filter(([path]) => path.startsWith(prefix))
      .map(([path, below]) => ({
        entry: below,
        named: false,
        target: posix.join(destination, path.slice(prefix.length)),
      }));
  });
}
