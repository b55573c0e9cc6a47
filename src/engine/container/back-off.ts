import { type ContainerContext, isCurrent } from './context.ts';
import type { LiveContainer } from './live.ts';
import { hasProcess, nextState } from './state.ts';

/** The policy's restart after `delayMs`, unless `endBackOff` comes first. */
export function scheduleRestart(ctx: ContainerContext, live: LiveContainer, delayMs: number): void {
  live.restartDelayMs = delayMs;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(true), delayMs);
  live.cancelBackOff = () => {
    clearTimeout(timer);
    resolve(false);
  };
  ctx.tasks.spawn(`restart of container ${live.record.id}`, async () => {
    const due = await promise;
    if (!due) return;
    await ctx.locked(live.record.id, async () => {
      live.cancelBackOff = undefined;
      if (!isCurrent(ctx, live) || live.record.state.status !== 'restarting' || ctx.isShuttingDown()) return;
      await ctx.startByPolicy(live);
    });
  });
}

/**
 * Ends a back-off: the container stays exited. False when there is none. Under the container's lock. Errors: system when that cannot be
 * recorded: the back-off goes on.
 */
export function endBackOff(ctx: ContainerContext, live: LiveContainer): boolean {
  if (!live.cancelBackOff || hasProcess(live.record.state)) return false;
  if (live.record.state.status === 'restarting')
    ctx.table.saveState(live, nextState(live.record.state, 'exited', { manuallyStopped: live.stopAsked }));
  live.cancelBackOff();
  live.cancelBackOff = undefined;
  return true;
}
