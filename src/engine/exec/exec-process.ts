import type { lookUpUser } from '../container/spec/user.ts';
import type { ExecRequest } from './service.ts';

export interface ExecSurroundings {
  readonly user: ReturnType<typeof lookUpUser>;
  /** The container's config sets HOME itself. */
  readonly ownHome: boolean;
  /** What a privileged exec gets. */
  readonly allCapabilities: readonly string[];
  /** Of a terminal, when it is known before the start. */
  readonly consoleSize?: { readonly rows: number; readonly columns: number } | undefined;
}

/**
 * The OCI `process` of an exec: the container's own (its limits, bounding set, scheduling) with the command, and the environment, folder and
 * user that the request gives. Only root has the capabilities in effect.
 */
export function toExecProcess(
  container: Readonly<Record<string, unknown>>,
  request: ExecRequest,
  { user, ownHome, allCapabilities, consoleSize }: ExecSurroundings,
): Record<string, unknown> {
  const { consoleSize: _, ...base } = container;
  const bounding = request.Privileged ? allCapabilities : boundingOf(container);
  const effective = user.uid === 0 ? bounding : [];
  return {
    ...base,
    terminal: request.Tty ?? false,
    ...(consoleSize && { consoleSize: { height: consoleSize.rows, width: consoleSize.columns } }),
    args: request.Cmd ?? [],
    env: mergeEnv(container, request, ownHome ? undefined : user.home),
    ...(request.WorkingDir && { cwd: request.WorkingDir }),
    user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
    capabilities: { bounding, effective, permitted: effective },
    ...(request.Privileged && { noNewPrivileges: false }),
  };
}

function boundingOf({ capabilities }: Readonly<Record<string, unknown>>): readonly string[] {
  if (typeof capabilities !== 'object' || capabilities === null || !('bounding' in capabilities)) return [];
  return Array.isArray(capabilities.bounding) ? capabilities.bounding.map(String) : [];
}

/** The request's entries win; a name without `=` is taken out. A terminal has a TERM. */
function mergeEnv(
  container: Readonly<Record<string, unknown>>,
  request: ExecRequest,
  home: string | undefined,
): string[] {
  const own = Array.isArray(container['env']) ? container['env'].map(String) : [];
  const given = [...(home === undefined ? [] : [`HOME=${home}`]), ...(request.Env ?? [])];
  const set = new Set(given.map(nameOf));
  const merged = new Map(
    [...own.filter((entry) => !set.has(nameOf(entry))), ...given].map((entry) => [nameOf(entry), entry]),
  );
  if (request.Tty && !merged.has('TERM')) merged.set('TERM', 'TERM=xterm');
  return [...merged.values()].filter((entry) => entry.includes('='));
}

function nameOf(entry: string): string {
  return entry.split('=', 1)[0] ?? '';
}
