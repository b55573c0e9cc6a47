import { messageOf } from '../../lib/errors.ts';
import type { ExitReport, MonitorSession } from '../../linux/monitor/monitor.ts';
import type { ContainerRecord, StateRecord } from '../../store/record/container-records.ts';
import { scheduleRestart } from './back-off.ts';
import { type ContainerContext, isCurrent, publish } from './context.ts';
import { diskFull } from './errors.ts';
import { healthAtRest } from './health/decide.ts';
import type { LiveContainer } from './live.ts';
import { endLostRun } from './lost-run.ts';
import { releaseRun } from './release.ts';
import { removeContainer } from './remove.ts';
import { decideRestart, type RestartDecision } from './restart-policy.ts';
import { nextState } from './state.ts';

/** Handles the exit of a running container when it comes, under the container's lock. */
export function watchExit(ctx: ContainerContext, live: LiveContainer, session: MonitorSession): void {
  // Waiting is no work: a daemon that lets its containers run on goes without waiting for them.
  void session.exited.then((report) =>
    ctx.tasks.spawn(`exit of container ${live.record.id}`, () =>
      // While the monitor deletes the runtime's state, the network can go already: no process is left to miss it.
      ctx.locked(live.record.id, () => handleExit(ctx, live, session, report)),
    ),
  );
}

/**
 * Order: no more health checks; release network, mounts and runtime state; keep the state; `die`; wake who waits for the exit; then
 * auto-remove or the policy's restart. Does nothing when that run's exit has been handled.
 */
export async function handleExit(
  ctx: ContainerContext,
  live: LiveContainer,
  session: MonitorSession,
  report: ExitReport,
): Promise<void> {
  if (live.session !== session || !isCurrent(ctx, live)) return;
  ctx.health.end(live);
  if (report.lost) await endLostRun(ctx, live.record);
  await releaseRun(ctx, live, session.released);
  settleExit(ctx, live, report);
  if (live.record.state.status === 'exited' && live.record.hostConfig.AutoRemove && !live.restartingByHand)
    await removeAutomatically(ctx, live);
}

/** Who waits for the removal is told when it fails: nobody tries again before the daemon's next start. */
async function removeAutomatically(ctx: ContainerContext, live: LiveContainer): Promise<void> {
  try {
    await removeContainer(ctx, live, { volumes: true });
  } catch (error) {
    const waiting = live.removed;
    live.removed = Promise.withResolvers();
    waiting.resolve({ StatusCode: live.record.state.exitCode, Error: { Message: messageOf(error) } });
    throw error;
  }
}

/** State, events, waiters and the restart of a run whose resources are gone. */
export function settleExit(ctx: ContainerContext, live: LiveContainer, report: ExitReport): void {
  const { record } = live;
  const decision = decide(ctx, live, report);
  const state = exitState(record.state, live, report, decision);
  // The record is deleted in a moment. An auto-remove container found running without a process is removed at the next start; of another
  // one its monitor's file tells the exit.
  const transient = live.doomed || ((record.hostConfig.AutoRemove ?? false) && !live.restartingByHand);
  if (transient) ctx.table.setState(live, state);
  const kept = transient || ctx.table.settleState(live, state);
  if (!kept) ctx.report(`keeping the exit of container ${record.id}`, diskFull());
  live.session = undefined;
  live.attachment = undefined;
  // Where the record could not be written, the monitor's exit file still tells the next daemon.
  if (kept && !live.doomed) removeRun(ctx, record.id);
  if (report.oomKilled) publish(ctx, record, 'oom');
  const seconds = Math.max(0, Math.floor(runMs(record, report) / 1000));
  publish(ctx, record, 'die', { exitCode: String(report.exitCode), execDuration: String(seconds) });
  wakeExit(live, report.exitCode);
  if (decision.kind === 'restart') scheduleRestart(ctx, live, decision.delayMs);
}

/** Who waits for the exit gets this code. */
export function wakeExit(live: LiveContainer, exitCode: number): void {
  const woken = live.exit;
  live.exit = Promise.withResolvers();
  woken.resolve({ StatusCode: exitCode });
}

/** The next run begins with a new folder: a failure must not keep the exit from being told. */
function removeRun(ctx: ContainerContext, id: string): void {
  try {
    ctx.bundles.removeRun(id);
  } catch (error) {
    ctx.report(`removing the run folder of container ${id}`, error);
  }
}

function runMs({ state }: ContainerRecord, report: ExitReport): number {
  return report.finishedAt.getTime() - Date.parse(state.startedAt);
}

function decide(ctx: ContainerContext, live: LiveContainer, report: ExitReport): RestartDecision {
  if (ctx.isShuttingDown() || live.restartingByHand) return { kind: 'stay' };
  const { hostConfig, state } = live.record;
  return decideRestart({
    policy: hostConfig.RestartPolicy,
    exitCode: report.exitCode,
    restartCount: state.restartCount,
    manuallyStopped: live.stopAsked,
    runMs: runMs(live.record, report),
    previousDelayMs: live.restartDelayMs,
  });
}

function exitState(
  state: StateRecord,
  live: LiveContainer,
  report: ExitReport,
  decision: RestartDecision,
): StateRecord {
  return nextState(state, decision.kind === 'restart' ? 'back_off' : 'exited', {
    pid: 0,
    exitCode: report.exitCode,
    oomKilled: report.oomKilled,
    finishedAt: report.finishedAt.toISOString(),
    manuallyStopped: live.stopAsked,
    ...healthAtRest(state),
  });
}
