import type { ContainerRecord } from '../../store/record/container-records.ts';
import { type ContainerContext, cgroupPath, runtimeOf } from './context.ts';

/**
 * Ends what a run has left behind whose monitor or runtime is gone: its processes, the runtime's state, the cgroup. A failure is reported:
 * the run is over for its container all the same.
 */
export async function endLostRun(ctx: ContainerContext, record: ContainerRecord): Promise<void> {
  try {
    const path = cgroupPath(ctx, record);
    await ctx.cgroups.kill(path);
    await ctx.runtimeStates.destroy(runtimeOf(ctx, record), record.id);
    ctx.cgroups.remove(path);
  } catch (error) {
    ctx.report(`what a lost run of container ${record.id} left`, error);
  }
}

/**
 * Runs of containers that no record knows. Other daemons may have theirs below the same parent: ours have a folder of ours, or a state of our
 * runtimes (a container that goes at once loses its folder while its runtime still deletes the cgroup).
 */
export async function sweepLostRuns(ctx: ContainerContext): Promise<void> {
  const parent = ctx.settings.cgroupParent;
  const unknown = (id: string): boolean => /^[0-9a-f]{64}$/.test(id) && ctx.table.byId(id) === undefined;
  const ids = [...ctx.bundles.listKept(), ...ctx.runtimeStates.list().map(({ id }) => id)];
  const ours = new Set([...ctx.bundles.listRuns(), ...ids.map((id) => id.slice(0, 24))]);
  const report = (what: string) => (error: unknown) => ctx.report(what, error);
  for (const id of ctx.cgroups.below(parent).filter((one) => unknown(one) && ours.has(one.slice(0, 24)))) {
    await ctx.cgroups.kill(`${parent}/${id}`).catch(report(`processes of lost container ${id}`));
    for (const { runtime } of ctx.runtimeStates.list().filter((state) => state.id === id))
      await ctx.runtimeStates.destroy(runtime, id).catch(report(`runtime state of lost container ${id}`));
    try {
      ctx.cgroups.remove(`${parent}/${id}`);
    } catch (error) {
      ctx.report(`cgroup of lost container ${id}`, error);
    }
  }
  for (const { runtime, id } of ctx.runtimeStates.list().filter((state) => unknown(state.id)))
    await ctx.runtimeStates.destroy(runtime, id).catch(report(`runtime state of lost container ${id}`));
}
