import type { ContainerContext } from '../container/context.ts';
import type { LiveContainer } from '../container/live.ts';
import { hasProcess } from '../container/state.ts';
import { containerNotRunning, containerPaused } from './errors.ts';
import type { LiveExec } from './exec-record.ts';

export interface ExecDeps {
  readonly containers: ContainerContext;
  /** What a privileged exec may do: every capability the daemon itself has. */
  readonly allCapabilities: readonly string[];
}

export interface ExecContext extends ExecDeps {
  /** The containers' own. */
  readonly execs: Map<string, LiveExec>;
}

/** `name` is what the client calls it. Errors: conflict unless a process could be added to the container now. */
export function checkContainer({ record, session }: LiveContainer, name = record.id): void {
  if (record.state.status === 'paused') throw containerPaused(name);
  if (!session || !hasProcess(record.state)) throw containerNotRunning(record.id);
}
