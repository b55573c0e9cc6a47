import { type ContainerContext, publish } from './context.ts';
import { notRunning } from './errors.ts';
import type { LiveContainer } from './live.ts';

/** Errors: conflict when it does not run or has no terminal. */
export async function resizeContainer(
  ctx: ContainerContext,
  live: LiveContainer,
  rows: number,
  columns: number,
): Promise<void> {
  if (!live.session) throw notRunning(live.record.id);
  await live.session.resize(rows, columns);
  publish(ctx, live.record, 'resize', { height: String(rows), width: String(columns) });
}
