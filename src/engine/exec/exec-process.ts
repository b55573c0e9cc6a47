import type { ExecRequest } from './service.ts';

export interface ExecUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
}

/**
 * The OCI `process` of an exec: the container's own (its limits, capabilities, seccomp) with the command, and the environment, folder and
 * user that the request gives. `allCapabilities` is what a privileged exec gets.
 */
export function toExecProcess(
  container: Readonly<Record<string, unknown>>,
  request: ExecRequest,
  user: ExecUser | undefined,
  allCapabilities: readonly string[],
): Record<string, unknown> {
  const env = Array.isArray(container['env']) ? container['env'].map(String) : [];
  const { consoleSize: _, ...base } = container;
  return {
    ...base,
    terminal: request.Tty ?? false,
    args: request.Cmd ?? [],
    env: mergeEnv(env, request.Env ?? [], request.Tty ?? false),
    ...(request.WorkingDir && { cwd: request.WorkingDir }),
    ...(user && { user }),
    ...(request.Privileged && {
      capabilities: { bounding: allCapabilities, effective: allCapabilities, permitted: allCapabilities },
      noNewPrivileges: false,
    }),
  };
}

/** The request's entries win; a name without `=` is taken out. A terminal has a TERM. */
function mergeEnv(container: readonly string[], request: readonly string[], tty: boolean): string[] {
  const nameOf = (entry: string): string => entry.split('=', 1)[0] ?? '';
  const set = new Set(request.map(nameOf));
  const merged = [
    ...container.filter((entry) => !set.has(nameOf(entry))),
    ...request.filter((entry) => entry.includes('=')),
  ];
  return tty && !merged.some((entry) => nameOf(entry) === 'TERM') && !set.has('TERM')
    ? [...merged, 'TERM=xterm']
    : merged;
}
