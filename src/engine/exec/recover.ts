import type { ExecContext } from './exec-context.ts';
import { createLiveExec, parseExecRecord } from './exec-record.ts';
import { watchExecExit } from './exit.ts';
import { killProbe } from './probe.ts';

/** Execs of a running container after a restart of the daemon: running ones are known again, ended ones keep their exit code, the rest is
 * swept. A health check whose daemon is gone is killed. */
export async function recoverExecs(ctx: ExecContext, containerId: string): Promise<void> {
  const { bundles, monitors, table } = ctx.containers;
  const live = table.find(containerId);
  for (const found of bundles.listExecs(containerId)) {
    const record = parseExecRecord(found.record);
    const state = await monitors.reconnect(found.monitor);
    const exec = record && createLiveExec(record);
    if (state.kind === 'running' && exec) {
      Object.assign(exec, { status: 'running', session: state.session, pid: state.pid });
      ctx.execs.set(exec.record.id, exec);
      live.execIds.add(exec.record.id);
      exec.settled.resolve();
      watchExecExit(ctx, live, exec, state.session);
      if (exec.record.probe) await killProbe(ctx, exec);
      continue;
    }
    if (state.kind === 'exited' && exec && !exec.record.probe) {
      Object.assign(exec, { status: 'ended', exitCode: state.report.exitCode });
      ctx.execs.set(exec.record.id, exec);
    }
    bundles.removeExec(containerId, found.name);
  }
}
