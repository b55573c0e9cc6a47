import type { MonitorSession } from '../../linux/monitor/monitor.ts';
import type { ExecRequest } from './service.ts';

/** What is known of an exec from the start on; written beside its monitor so that a later daemon finds it again. */
export interface ExecRecord {
  /** 64 hex digits. */
  readonly id: string;
  readonly containerId: string;
  readonly request: ExecRequest;
  /** A health check of the daemon that started it: another one has no use for it. */
  readonly probe?: boolean;
}

export interface LiveExec {
  readonly record: ExecRecord;
  status: 'new' | 'running' | 'ended';
  exitCode: number | null;
  pid: number;
  session: MonitorSession | undefined;
  /** Resolves when it runs or cannot; for a resize that comes early. */
  readonly settled: PromiseWithResolvers<void>;
  /** Resolves with the exit code of a process that has run. */
  readonly ended: PromiseWithResolvers<number>;
}

export function createLiveExec(record: ExecRecord): LiveExec {
  return {
    record,
    status: 'new',
    exitCode: null,
    pid: 0,
    session: undefined,
    settled: Promise.withResolvers(),
    ended: Promise.withResolvers(),
  };
}

/** `sh -c foo`, as events name it. */
export function commandOf({ request }: ExecRecord): string {
  return (request.Cmd ?? []).join(' ');
}

/** A record read back from a file of this engine; undefined when it is not one. */
export function parseExecRecord(value: unknown): ExecRecord | undefined {
  if (typeof value !== 'object' || value === null || !('id' in value) || !('containerId' in value)) return undefined;
  return value as ExecRecord;
}
