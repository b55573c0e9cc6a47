import { systemClock } from '../../lib/async/clock.ts';
import { createKeyedLock } from '../../lib/async/keyed-lock.ts';
import { isKind, KnownError } from '../../lib/errors.ts';
import { createRunProbe } from '../exec/probe.ts';
import { attachContainer } from './attach.ts';
import { connectContainer, disconnectContainer } from './connect.ts';
import { type ContainerContext, type ContainerDeps, isCurrent } from './context.ts';
import { createContainer } from './create.ts';
import { noSuchContainer, removalInProgress, removeRunning } from './errors.ts';
import { createHealthChecks } from './health/health-checks.ts';
import { inspectContainer } from './inspect.ts';
import { killContainer } from './kill.ts';
import { listContainers } from './list.ts';
import { createContainerTable, type LiveContainer } from './live.ts';
import { createLogForwarders } from './log/log-forwarders.ts';
import { readLogs } from './logs.ts';
import { pauseContainer, unpauseContainer } from './pause.ts';
import { pruneContainers } from './prune.ts';
import { removeContainer } from './remove.ts';
import { parseLinkName, removeLink } from './remove-link.ts';
import { renameContainer } from './rename.ts';
import { resizeContainer } from './resize.ts';
import { restartContainer } from './restart.ts';
import type { ContainerService } from './service.ts';
import { shutdownContainers } from './shutdown.ts';
import { startContainer } from './start.ts';
import { isRunning } from './state.ts';
import { stopContainer } from './stop.ts';
import { topContainer } from './top.ts';
import { waitContainer } from './wait.ts';

/** The service and what the daemon needs besides it: recovery and execs work on the same containers. */
export interface Containers {
  readonly service: ContainerService;
  readonly context: ContainerContext;
  /** Stops every container, each with its own timeout, all within `timeoutMs`; then nothing restarts any more. */
  shutdown(timeoutMs: number): Promise<void>;
  /** Drops the connections to monitors and lets containers run on (live restore). */
  disconnect(): void;
}

export function createContainerService(deps: ContainerDeps): Containers {
  const lock = createKeyedLock();
  const daemon = { shuttingDown: false };
  const table = createContainerTable(deps.records);
  const execs: ContainerContext['execs'] = new Map();
  const clock = deps.clock ?? systemClock;
  const context: ContainerContext = {
    ...deps,
    table,
    execs,
    health: createHealthChecks({
      context: () => context,
      clock,
      probe: (live, probe) => createRunProbe({ containers: context, allCapabilities: [], execs }, clock)(live, probe),
    }),
    logForwarders: createLogForwarders({ context: () => context, clock }),
    locked: (id, work) => lock.run(id, work),
    startByPolicy: (live) => startContainer(context, live, 'policy'),
    isShuttingDown: () => daemon.shuttingDown,
  };
  /** Looks up, and runs under the lock. */
  const locked = async <T>(name: string, work: (live: LiveContainer) => Promise<T>): Promise<T> => {
    const { id } = table.find(name).record;
    return await lock.run(id, () => work(table.find(id)));
  };
  const service: ContainerService = {
    create: (request) => createContainer(context, request),
    start: (name) => locked(name, (live) => startContainer(context, live, 'user')),
    stop: async (name, options) => await stopContainer(context, table.find(name), options),
    restart: async (name, options) => await restartContainer(context, table.find(name), options),
    kill: async (name, signal) => await killContainer(context, findToKill(table, name), name, signal),
    pause: (name) => locked(name, (live) => pauseContainer(context, live)),
    unpause: (name) => locked(name, (live) => unpauseContainer(context, live)),
    rename: (name, newName) => locked(name, async (live) => renameContainer(context, live, newName)),
    connect: (name, network, settings) => locked(name, (live) => connectContainer(context, live, network, settings)),
    disconnect: (name, network) => locked(name, (live) => disconnectContainer(context, live, network)),
    async removeLink(name) {
      const { owner, alias } = parseLinkName(name);
      try {
        await locked(owner, async (live) => removeLink(context, live, alias));
      } catch (error) {
        throw isKind(error, 'not_found') ? noSuchContainer(name) : error;
      }
    },
    remove: async (name, options) => await removeByUser(context, table.find(name), options),
    prune: (filters) => pruneContainers(context, filters),
    list: (options) => listContainers(context, options),
    inspect: async (name, options) => await inspectContainer(context, table.find(name), options),
    wait: async (name, condition, signal) => ({ result: waitContainer(table.find(name), condition, signal) }),
    top: async (name, psArgs) => await topContainer(context, table.find(name), psArgs),
    resize: async (name, rows, columns) => await resizeContainer(context, table.find(name), rows, columns),
    logs: async (name, options) => readLogs(context, table.find(name), options),
    attach: async (name, options) => await attachContainer(context, table.find(name), options),
  };
  return {
    service,
    context,
    async shutdown(timeoutMs) {
      daemon.shuttingDown = true;
      await shutdownContainers(context, timeoutMs);
      await context.logForwarders.drain();
      context.logForwarders.stopAll();
    },
    disconnect() {
      daemon.shuttingDown = true;
      context.health.endAll();
      context.logForwarders.stopAll();
      for (const live of table.all()) {
        live.cancelBackOff?.();
        live.session?.disconnect();
      }
    },
  };
}

/** Errors: not_found, said as every failure of a kill is. */
function findToKill(table: ContainerContext['table'], name: string): LiveContainer {
  try {
    return table.find(name);
  } catch (error) {
    if (!(error instanceof KnownError)) throw error;
    throw new KnownError(error.kind, `cannot kill container: ${name}: ${error.message}`, { cause: error });
  }
}

/** With `force`, kills it first; what removed itself meanwhile is fine then. */
async function removeByUser(
  ctx: ContainerContext,
  live: LiveContainer,
  { force, volumes }: { readonly force: boolean; readonly volumes: boolean },
): Promise<void> {
  const { id } = live.record;
  if (live.removing) throw removalInProgress(id);
  if (isRunning(live.record.state)) {
    if (!force) throw removeRunning(live.record.name, live.record.state.status);
    return await killAndRemove(ctx, live, { volumes });
  }
  const removed = await ctx.locked(id, async () => {
    if (force && live.session) return false;
    await removeContainer(ctx, live, { volumes });
    return true;
  });
  // a start was under way
  if (!removed) await removeByUser(ctx, live, { force, volumes });
}

/** The exit is kept after all when the removal fails. */
async function killAndRemove(
  ctx: ContainerContext,
  live: LiveContainer,
  options: { readonly volumes: boolean },
): Promise<void> {
  const { id } = live.record;
  live.doomed = true;
  try {
    await killContainer(ctx, live, id, undefined).catch((error: unknown) => {
      if (!isKind(error, 'conflict')) throw error;
    });
    await ctx.locked(id, async () => await removeContainer(ctx, live, options));
  } catch (error) {
    live.doomed = false;
    if (isCurrent(ctx, live) && !live.session && ctx.table.settleState(live, live.record.state))
      ctx.bundles.removeRun(id);
    throw error;
  }
}
