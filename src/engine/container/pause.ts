import { isKind } from '../../lib/errors.ts';
import { type ContainerContext, cgroupPath, publish } from './context.ts';
import { alreadyPaused, isRestarting, notPaused, notRunning } from './errors.ts';
import { healthAtRest } from './health/decide.ts';
import type { LiveContainer } from './live.ts';
import { isRunning, nextState } from './state.ts';

/** Stops every process of the container where it is. Under the lock. Errors: conflict. */
export async function pauseContainer(ctx: ContainerContext, live: LiveContainer): Promise<void> {
  const { id, state } = live.record;
  if (!isRunning(state)) throw notRunning(id);
  if (state.status === 'paused') throw alreadyPaused(id);
  if (state.status === 'restarting') throw isRestarting(id);
  const save = (): void =>
    ctx.table.saveState(live, nextState(live.record.state, 'paused', healthAtRest(live.record.state)));
  await freeze(ctx, live, true, save).catch((error: unknown) => {
    throw isKind(error, 'not_found') ? notRunning(id) : error; // it ended in this moment
  });
  ctx.health.end(live);
  publish(ctx, live.record, 'pause');
}

/** Under the lock. Errors: conflict when it is not paused. */
export async function unpauseContainer(ctx: ContainerContext, live: LiveContainer): Promise<void> {
  const { id, state } = live.record;
  if (state.status !== 'paused') throw notPaused(id);
  await freeze(ctx, live, false, () => ctx.table.saveState(live, nextState(live.record.state, 'unpaused')));
  ctx.health.begin(live);
  publish(ctx, live.record, 'unpause');
}

/** What cannot be recorded is undone: a container that is frozen and does not say so could not be ended. */
async function freeze(ctx: ContainerContext, live: LiveContainer, frozen: boolean, record: () => void): Promise<void> {
  const path = cgroupPath(ctx, live.record);
  await ctx.cgroups.freeze(path, frozen);
  try {
    record();
  } catch (error) {
    await ctx.cgroups.freeze(path, !frozen);
    throw error;
  }
}
