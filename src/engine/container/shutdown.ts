import { isKind } from '../../lib/errors.ts';
import { endBackOff } from './back-off.ts';
import type { ContainerContext } from './context.ts';
import type { LiveContainer } from './live.ts';
import { SIGKILL } from './signal.ts';
import { isRunning } from './state.ts';
import { sendSignal, settlesWithin, stopContainer } from './stop.ts';

/** Stops everything that runs, all at once; whoever has not ended after `timeoutMs` is killed. The daemon does not restart meanwhile. */
export async function shutdownContainers(ctx: ContainerContext, timeoutMs: number): Promise<void> {
  const running = ctx.table.all().filter(({ record }) => isRunning(record.state));
  await Promise.all(running.map((live) => shutdownOne(ctx, live, timeoutMs)));
}

async function shutdownOne(ctx: ContainerContext, live: LiveContainer, timeoutMs: number): Promise<void> {
  if (live.record.state.status === 'restarting') await ctx.locked(live.record.id, async () => endBackOff(ctx, live));
  if (!live.session) return;
  const exited = live.exit.promise;
  const stop = stopContainer(ctx, live, { byDaemon: true }).catch((error: unknown) => {
    if (!isKind(error, 'not_modified')) ctx.report(`stopping container ${live.record.id}`, error);
  });
  if (await settlesWithin(stop, timeoutMs)) return;
  await sendSignal(ctx, live, SIGKILL);
  await settlesWithin(exited, 2000);
}
