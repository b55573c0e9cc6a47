import type { MonitorFound } from '../../linux/monitor/monitor.ts';
import type { ContainerRecord, StateRecord } from '../../store/record/container-records.ts';
import { scheduleRestart } from './back-off.ts';
import { type ContainerContext, cgroupPath } from './context.ts';
import { settleExit, watchExit } from './exit.ts';
import { healthAtStart } from './health/decide.ts';
import { toHealthPlan } from './health/health-config.ts';
import type { LiveContainer } from './live.ts';
import { endLostRun, sweepLostRuns } from './lost-run.ts';
import { unmountRun } from './release.ts';
import { removeContainer } from './remove.ts';
import { startsWithDaemon } from './restart-policy.ts';
import { writableLayers } from './staged-mounts.ts';
import { hasProcess, isRunning, nextState } from './state.ts';

/** What recovery found, for the daemon's next steps. */
export interface Recovered {
  /** Containers that run: their networks are kept, their execs looked for. */
  readonly running: readonly string[];
  /** Containers whose policy brings them back, to be started once networks are ready. */
  readonly toStart: readonly string[];
  readonly toRemove: readonly string[];
}

/**
 * Brings every record in line with what the monitors say, before the API is served: nothing else touches containers meanwhile, so no
 * locks are taken. Containers that ended while no daemon ran get the right exit code and time.
 */
export async function recoverContainers(ctx: ContainerContext): Promise<Recovered> {
  const found = await Promise.all(ctx.table.all().map(async (live) => ({ live, what: await reconnect(ctx, live) })));
  // A start may have been cut off before its container was known to run, a release after it was known to have ended.
  const runs = new Set(ctx.bundles.listRuns());
  for (const { live, what } of found)
    if (what.kind !== 'running' && (hasProcess(live.record.state) || runs.has(live.record.id.slice(0, 24))))
      await endLostRun(ctx, live.record);
  for (const { live, what } of found) if (what.kind === 'running') await continueHalted(ctx, live.record);
  for (const { live, what } of found) settle(ctx, live, what);
  const all = ctx.table.all();
  const idle = all.filter(({ record }) => !hasProcess(record.state));
  const doomed = idle.filter(
    ({ record }) => record.hostConfig.AutoRemove || ['removing', 'dead'].includes(record.state.status),
  );
  const due = idle.filter(
    (live) =>
      !doomed.includes(live) &&
      live.record.state.status !== 'restarting' &&
      startsWithDaemon(live.record.hostConfig.RestartPolicy, live.record.state),
  );
  const idsOf = (lives: readonly LiveContainer[]): readonly string[] => lives.map(({ record }) => record.id);
  return {
    running: idsOf(all.filter(({ session }) => session !== undefined)),
    toStart: idsOf(due),
    toRemove: idsOf(doomed),
  };
}

/** The last step for what runs: an exit that came during recovery is handled now, and none before. */
export function watchRecovered(ctx: ContainerContext, ids: readonly string[]): void {
  for (const id of ids) {
    const live = ctx.table.byId(id);
    if (live?.session) watchExit(ctx, live, live.session);
  }
}

/** A monitor that cannot be asked counts as absent; the failure is reported. */
async function reconnect(ctx: ContainerContext, live: LiveContainer): Promise<MonitorFound> {
  try {
    return await ctx.monitors.reconnect(ctx.bundles.paths(live.record.id).monitor);
  } catch (error) {
    ctx.report(`finding the monitor of container ${live.record.id}`, error);
    return { kind: 'absent' };
  }
}

/** The daemon died while a container stood still for it. One that cannot be continued stays frozen, and is shown as paused. */
async function continueHalted(ctx: ContainerContext, record: ContainerRecord): Promise<void> {
  if (!ctx.bundles.isHalted(record.id)) return;
  try {
    await ctx.cgroups.freeze(cgroupPath(ctx, record), false);
    ctx.bundles.setHalted(record.id, false);
  } catch (error) {
    ctx.report(`continuing container ${record.id}`, error);
  }
}

function settle(ctx: ContainerContext, live: LiveContainer, found: MonitorFound): void {
  const { state } = live.record;
  live.stopAsked = state.manuallyStopped;
  switch (found.kind) {
    case 'running':
      return adopt(ctx, live, found);
    case 'exited':
      if (isOfLastRun(state, found.report.startedAt)) return sweep(ctx, live);
      if (!hasProcess(state))
        ctx.table.setState(live, startedState(live.record, 0, found.report.startedAt ?? found.report.finishedAt));
      unmountRun(ctx, live.record);
      return settleExit(ctx, live, found.report);
    case 'never_started':
    case 'absent':
      if (!hasProcess(state)) return sweep(ctx, live);
      unmountRun(ctx, live.record);
      return settleExit(ctx, live, { exitCode: 137, oomKilled: false, finishedAt: new Date(), lost: true });
  }
}

/** It runs: with the start time of the monitor, which the daemon may have died before keeping. */
function adopt(ctx: ContainerContext, live: LiveContainer, found: Extract<MonitorFound, { kind: 'running' }>): void {
  const { state } = live.record;
  if (!hasProcess(state)) ctx.table.saveState(live, startedState(live.record, found.pid, found.startedAt));
  else if (state.pid !== found.pid)
    ctx.table.saveState(live, {
      ...state,
      pid: found.pid,
      startedAt: found.startedAt.toISOString(),
      ...healthAtStart(toHealthPlan(live.record.config), state),
    });
  // The daemon may have died between freezing or thawing and keeping that.
  const frozen = ctx.cgroups.isFrozen(cgroupPath(ctx, live.record));
  if (frozen !== (live.record.state.status === 'paused'))
    ctx.table.saveState(live, nextState(live.record.state, frozen ? 'paused' : 'unpaused', {}));
  live.session = found.session;
  for (const mount of live.record.mounts) if (mount.kind === 'volume') ctx.volumes.adopt(mount.name, live.record.id);
  live.attachment = ctx.networking.current(live.record.id);
}

function startedState({ state, config }: ContainerRecord, pid: number, startedAt: Date): StateRecord {
  return nextState(state, 'started', {
    pid,
    startedAt: startedAt.toISOString(),
    exitCode: 0,
    error: '',
    oomKilled: false,
    ...healthAtStart(toHealthPlan(config), state),
  });
}

/** The exit of that run was handled before the daemon died; only its files were left. */
function isOfLastRun(state: StateRecord, startedAt: Date | undefined): boolean {
  return !hasProcess(state) && startedAt !== undefined && state.startedAt === startedAt.toISOString();
}

/** Leftovers of a start that never happened or an exit that was handled; a back-off goes on. */
function sweep(ctx: ContainerContext, live: LiveContainer): void {
  const { id, state } = live.record;
  unmountRun(ctx, live.record);
  ctx.bundles.removeRun(id);
  if (state.status === 'restarting') scheduleRestart(ctx, live, 100);
}

/** Mounts, folders and layers whose container no longer exists. */
export async function sweepOrphans(ctx: ContainerContext): Promise<void> {
  await sweepLostRuns(ctx);
  const known = ctx.table.all();
  const runNames = new Set(
    known.filter(({ record }) => isRunning(record.state)).map(({ record }) => record.id.slice(0, 24)),
  );
  for (const name of ctx.bundles.listRuns()) {
    if (runNames.has(name)) continue;
    const { run } = ctx.bundles.paths(name);
    for (const point of ctx.mounter.list(run)) ctx.mounter.unmount(point, { lazy: true });
    ctx.bundles.removeRun(name);
  }
  const ids = new Set(known.map(({ record }) => record.id));
  for (const id of ctx.bundles.listKept()) if (!ids.has(id)) ctx.bundles.removeKept(id);
  ctx.volumes.releaseOthers(ids);
  const layers = new Set(known.flatMap(({ record }) => writableLayers(record)));
  for (const id of ctx.layers.listWritable()) if (!layers.has(id)) await ctx.layers.removeWritable(id);
}

/** Auto-remove containers that have ended, and removals cut short. */
export async function finishRemovals(ctx: ContainerContext, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const live = ctx.table.byId(id);
    if (!live) continue;
    try {
      await ctx.locked(id, () => removeContainer(ctx, live, { volumes: live.record.hostConfig.AutoRemove ?? false }));
    } catch (error) {
      ctx.report(`removing container ${id}`, error);
    }
  }
}
