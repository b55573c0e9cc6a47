import { basename, dirname, isAbsolute, normalize, resolve } from 'node:path';

/** Pure rules of `docker cp` on paths, those of moby's archive/copy.go: what a slash or `/.` at the end of a path means. */

/** `CONTAINER:PATH` or a local path; a local one with a colon begins with `/` or `.`. */
export function splitArgument(argument: string): { readonly container: string; readonly path: string } {
  const colon = argument.indexOf(':');
  const container = argument.slice(0, Math.max(0, colon));
  if (isAbsolute(argument) || colon === -1 || container.startsWith('.')) return { container: '', path: argument };
  return { container, path: argument.slice(colon + 1) };
}

/** A local path as an absolute one; what its end says is kept. */
export function toAbsolute(path: string): string {
  return keepEnd(resolve(path), path);
}

/** `cleaned` with the `/.` or `/` that `original` ends with. */
export function keepEnd(cleaned: string, original: string): string {
  let path = cleaned;
  if (!isCurrent(path) && isCurrent(original)) path = `${path}${path.endsWith('/') ? '' : '/'}.`;
  if (!path.endsWith('/') && original.endsWith('/')) path += '/';
  return path;
}

/** The last part is `.`: the contents of a folder. */
export function isCurrent(path: string): boolean {
  return goBase(path) === '.';
}

/** Says by its end that it is a folder. */
export function assertsFolder(path: string): boolean {
  return path.endsWith('/') || isCurrent(path);
}

/** Go's filepath.Base. */
export function goBase(path: string): string {
  if (path === '') return '.';
  return basename(path) || '/';
}

/** A clean path in its folder and its last part, `.` at the end kept as that (moby's SplitPathDirEntry). */
export function splitEntry(path: string): { readonly folder: string; readonly entry: string } {
  const clean = goClean(path);
  const whole = isCurrent(path) ? `${clean}/.` : clean;
  return { folder: isCurrent(path) ? clean : dirname(whole), entry: goBase(whole) };
}

/** Go's filepath.Clean. */
export function goClean(path: string): string {
  const clean = normalize(path);
  return clean.length > 1 ? clean.replace(/\/$/, '') : clean;
}

/** Go's filepath.Dir. */
export function goDir(path: string): string {
  return path.endsWith('/') ? goClean(path) : dirname(path);
}

/** What a resolved path must be called in the archive, when following a link has changed the last part of its name. */
export function rebaseOf(
  path: string,
  resolvedPath: string,
): { readonly resolved: string; readonly rebase: string | undefined } {
  let resolved = resolvedPath;
  if (isCurrent(path) && !isCurrent(resolved)) resolved += '/.';
  if (path.endsWith('/') && !resolved.endsWith('/')) resolved += '/';
  return { resolved, rebase: goBase(path) === goBase(resolved) ? undefined : goBase(path) };
}

/** One end of a copy. */
export interface CopyEnd {
  readonly path: string;
  readonly exists: boolean;
  readonly isFolder: boolean;
  readonly rebase?: string | undefined;
}

export type CopyPlan =
  | { readonly kind: 'copy'; readonly folder: string; readonly rename?: { readonly from: string; readonly to: string } }
  | { readonly kind: 'refuse'; readonly reason: string };

/** Into which folder an archive of `source` goes, and what its root is renamed to, so that `target` comes out of it. */
export function planCopy(source: CopyEnd, target: CopyEnd): CopyPlan {
  const { folder, entry } = splitEntry(target.path);
  const from = source.rebase ?? splitEntry(source.path).entry;
  if (target.exists && target.isFolder) return { kind: 'copy', folder: target.path };
  if (target.exists && source.isFolder) return { kind: 'refuse', reason: 'cannot copy directory' };
  if (!target.exists && !source.isFolder && assertsFolder(target.path))
    return { kind: 'refuse', reason: 'no such directory' };
  return { kind: 'copy', folder, rename: { from, to: entry } };
}

/** As Go's strings.Replace of the first occurrence. */
export function renameEntry(name: string, rename: { readonly from: string; readonly to: string } | undefined): string {
  if (!rename) return name;
  const from = rename.from === '/' ? '' : rename.from;
  const at = name.indexOf(from);
  return at === -1 ? name : `${name.slice(0, at)}${rename.to}${name.slice(at + from.length)}`;
}
