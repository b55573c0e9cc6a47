import { isKind } from '../../lib/errors.ts';
import { type ContainerContext, publish } from './context.ts';
import type { LiveContainer } from './live.ts';
import { startContainer } from './start.ts';
import { isRunning } from './state.ts';
import { type StopOptions, stopContainer } from './stop.ts';

/** Stops it if it runs, and starts it. An auto-remove container is not removed in between. */
export async function restartContainer(
  ctx: ContainerContext,
  live: LiveContainer,
  options: StopOptions,
): Promise<void> {
  live.restartingByHand = true;
  try {
    if (isRunning(live.record.state)) await stopContainer(ctx, live, options);
    await ctx.locked(live.record.id, () => startContainer(ctx, live, 'user'));
  } catch (error) {
    if (!isKind(error, 'not_modified')) throw error;
  } finally {
    live.restartingByHand = false;
  }
  publish(ctx, live.record, 'restart');
}
