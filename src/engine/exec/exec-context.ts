import type { ContainerContext } from '../container/context.ts';
import type { LiveContainer } from '../container/live.ts';
import { hasProcess } from '../container/state.ts';
import { containerNotRunning, containerPaused } from './errors.ts';
import type { ExecUser } from './exec-process.ts';
import type { LiveExec } from './exec-record.ts';

export interface ExecDeps {
  readonly containers: ContainerContext;
  /** A user as `docker exec --user` takes it, looked up in the container's own files. Errors: invalid_parameter `unable to find user x: ...`. */
  readonly resolveUser: (
    accounts: { readonly passwd: string; readonly group: string },
    user: string,
    groupAdd: readonly string[],
  ) => ExecUser;
  /** What a privileged exec may do: every capability the daemon itself has. */
  readonly allCapabilities: readonly string[];
}

export interface ExecContext extends ExecDeps {
  readonly execs: Map<string, LiveExec>;
}

/** Errors: conflict unless a process could be added to the container now. */
export function checkContainer({ record, session }: LiveContainer): void {
  if (record.state.status === 'paused') throw containerPaused(record.id);
  if (!session || !hasProcess(record.state)) throw containerNotRunning(record.id);
}
