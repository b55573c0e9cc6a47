import type { Containers } from '../engine/container/container-service.ts';
import { finishRemovals, recoverContainers, sweepOrphans, watchRecovered } from '../engine/container/recover.ts';
import type { Execs } from '../engine/exec/exec-service.ts';
import { messageOf } from '../lib/errors.ts';

/**
 * Enters the engine from the side after a start of the daemon, before the API is served: what runs is known again, what ended meanwhile is
 * handled, what was half made or half removed is gone, and what its policy brings back is started in the background.
 */
export async function recover(deps: {
  readonly containers: Containers;
  readonly execs: Execs;
  readonly report: (what: string, error: unknown) => void;
}): Promise<void> {
  const { context } = deps.containers;
  const { running, toStart, toRemove } = await recoverContainers(context);
  await context.networking.recover(running, (id) => Object.keys(context.table.byId(id)?.record.endpoints ?? {}));
  for (const id of running) {
    const live = context.table.byId(id);
    if (live) live.attachment = context.networking.current(id);
    await deps.execs.recover(id);
    if (live?.record.state.status === 'running') context.health.begin(live);
  }
  context.logForwarders.recover();
  watchRecovered(context, running);
  await finishRemovals(context, toRemove);
  await sweepOrphans(context);
  for (const id of toStart) {
    context.tasks.spawn(`start of container ${id} by its restart policy`, async () => {
      try {
        await deps.containers.service.start(id);
      } catch (error) {
        deps.report(`starting container ${id}: ${messageOf(error)}`, error);
      }
    });
  }
}
