import { isKind } from '../../../lib/errors.ts';
import type { ContainerContext } from '../context.ts';
import type { LiveContainer } from '../live.ts';
import { restartContainer } from '../restart.ts';
import { SIGKILL } from '../signal.ts';
import { sendSignal, stopContainer } from '../stop.ts';
import type { OnFailure } from './health-config.ts';

/**
 * What an unhealthy container's label asks for. `kill` ends it as a crash would, so its restart policy decides what is next; `stop` and
 * `restart` are what a user's command would do. Does nothing when somebody stops it already. Not under the lock.
 */
export async function actOnFailure(ctx: ContainerContext, live: LiveContainer, action: OnFailure): Promise<void> {
  if (live.stopAsked || live.restartingByHand || ctx.isShuttingDown()) return;
  try {
    await act(ctx, live, action);
  } catch (error) {
    // It has ended by itself meanwhile.
    if (!isKind(error, 'not_modified', 'conflict')) throw error;
  }
}

async function act(ctx: ContainerContext, live: LiveContainer, action: OnFailure): Promise<void> {
  switch (action) {
    case 'none':
      return;
    case 'kill':
      await sendSignal(ctx, live, SIGKILL);
      return;
    case 'restart':
      return await restartContainer(ctx, live, {});
    case 'stop':
      return await stopContainer(ctx, live, {});
  }
}
