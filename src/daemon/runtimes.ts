import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CustomRuntime } from './config/daemon-config.ts';

/** An OCI runtime: the program with its global arguments, and the folder that its `--root` names. */
export interface Runtime {
  readonly argv: readonly string[];
  /** Of `argv`, what the user has named. */
  readonly given: readonly string[];
  readonly root: string;
}

const FOLDERS = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin'];

/** crun and runc where the machine has them, and those of the user, by name. Each keeps its state below `execRoot`. */
export function findRuntimes(
  execRoot: string,
  custom: Readonly<Record<string, CustomRuntime>>,
): Readonly<Record<string, Runtime>> {
  const named = ['crun', 'runc'].flatMap((name) => {
    const path = inFolders(name);
    return path === undefined ? [] : [[name, runtime(name, path, [])] as const];
  });
  const own = Object.entries(custom).map(
    ([name, { path, arguments: more }]) => [name, runtime(name, inFolders(path) ?? path, more)] as const,
  );
  return Object.fromEntries([...named, ...own]);

  function runtime(name: string, path: string, more: readonly string[]): Runtime {
    const root = join(execRoot, name);
    return { argv: [path, '--root', root, ...more], given: more, root };
  }
}

function inFolders(program: string): string | undefined {
  if (program.includes('/')) return undefined;
  return FOLDERS.map((folder) => join(folder, program)).find((file) => existsSync(file));
}
