import type { ExitReport, MonitorSession } from '../../linux/monitor/monitor.ts';
import { publish } from '../container/context.ts';
import type { LiveContainer } from '../container/live.ts';
import type { ExecContext } from './exec-context.ts';
import type { LiveExec } from './exec-record.ts';

/** How long an ended exec can still be inspected. */
const KEPT_MS = 5 * 60_000;

/** Keeps the exit code and tells of it when the process ends; then its folder goes. */
export function watchExecExit(ctx: ExecContext, live: LiveContainer, exec: LiveExec, session: MonitorSession): void {
  const { containers, execs } = ctx;
  const { id, containerId } = exec.record;
  const handle = async (report: ExitReport): Promise<void> => {
    exec.status = 'ended';
    exec.exitCode = report.exitCode;
    exec.pid = 0;
    exec.session = undefined;
    live.execIds.delete(id);
    publish(containers, live.record, 'exec_die', { execID: id, exitCode: String(report.exitCode) });
    exec.ended.resolve(report.exitCode);
    forgetLater(execs, exec);
    await session.released;
    containers.bundles.removeExec(containerId, id);
  };
  void session.exited.then((report) => containers.tasks.spawn(`exit of exec ${id}`, () => handle(report)));
}

/** An ended exec goes after a while; nobody asks for one of the daemon's own. */
export function forgetLater(execs: ExecContext['execs'], { record }: LiveExec): void {
  if (record.probe) execs.delete(record.id);
  else setTimeout(() => execs.delete(record.id), KEPT_MS).unref();
}
