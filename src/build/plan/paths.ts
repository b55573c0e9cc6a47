import { posix } from 'node:path';

/** WORKDIR's value: absolute, clean; a relative one goes below the current directory. */
export function joinWorkingDirectory(current: string, path: string): string {
  return clean(path.startsWith('/') ? path : `${current || '/'}/${path}`);
}

/** COPY's destination: absolute and clean, a slash or `/.` at the end kept. */
export function copyDestination(workingDirectory: string, path: string): string {
  if (path === '') return workingDirectory;
  const joined = joinWorkingDirectory(workingDirectory, path);
  const directory = path === '.' || path === '..' || path.endsWith('/') || path.endsWith('/.') || path.endsWith('/..');
  return directory && !joined.endsWith('/') ? `${joined}/` : joined;
}

/** Absolute, without `.`, `..` or a slash at the end: a source path cannot leave its root. */
export function clean(path: string): string {
  const normal = posix.normalize(`/${path}`);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}
