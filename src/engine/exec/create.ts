import { randomBytes } from 'node:crypto';
import { publish } from '../container/context.ts';
import { parseDetachKeys } from '../container/detach-keys.ts';
import type { LiveContainer } from '../container/live.ts';
import { noCommand } from './errors.ts';
import { checkContainer, type ExecContext } from './exec-context.ts';
import { commandOf, createLiveExec, type ExecRecord, type LiveExec } from './exec-record.ts';
import type { ExecRequest } from './service.ts';

/** See ExecService.create. `name` is what the client calls the container; `kind` is not told to clients. */
export function createExec(
  ctx: ExecContext,
  name: string,
  request: ExecRequest,
  kind: Pick<ExecRecord, 'probe'> = {},
): LiveExec {
  const { containers } = ctx;
  const live = containers.table.find(name);
  checkContainer(live, name);
  if (!request.Cmd?.length) throw noCommand();
  parseDetachKeys(request.DetachKeys);
  containers.cgroups.expectMoves();
  const id = randomBytes(32).toString('hex');
  const exec = createLiveExec({ id, containerId: live.record.id, request, ...kind });
  ctx.execs.set(id, exec);
  live.execIds.add(id);
  forgetAtExit(ctx, live);
  publish(containers, live.record, `exec_create: ${commandOf(exec.record)}`, { execID: id });
  return exec;
}

/** Exits that are waited for already: one wait for a run, however many execs it has. */
const watched = new WeakSet<Promise<unknown>>();

/** Execs that are never started go with their container. */
function forgetAtExit({ execs }: ExecContext, live: LiveContainer): void {
  const exit = live.exit.promise;
  if (watched.has(exit)) return;
  watched.add(exit);
  void exit.then(() => {
    for (const id of live.execIds) if (execs.get(id)?.status === 'new') execs.delete(id);
    live.execIds.clear();
  });
}
