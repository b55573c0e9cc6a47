import type { FilesystemChange } from '../../../api/types/container.ts';
import { publish } from '../context.ts';
import { atRest, holding } from './archive.ts';
import type { FilesContext } from './files-service.ts';
import { rootOf } from './view.ts';

const KINDS = { modified: 0, added: 1, deleted: 2 } as const;

/** What the container has changed in its image's files. */
export async function listChanges(
  ctx: FilesContext,
  name: string,
  signal: AbortSignal,
): Promise<readonly FilesystemChange[]> {
  const live = ctx.containers.table.find(name);
  const layers = ctx.containers.layers.rootfs(live.record.id);
  const changes = await atRest(ctx, live, () => ctx.files.changes(layers, signal));
  return changes.map(({ path, kind }) => ({ Path: path, Kind: KINDS[kind] }));
}

/** Everything of the root without what is mounted into it. */
export async function exportContainer(
  ctx: FilesContext,
  name: string,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const live = ctx.containers.table.find(name);
  const { stream } = await holding(ctx, live, async () => ({
    value: undefined,
    stream: await ctx.files.tree({ root: rootOf(ctx.containers, live), binds: [] }, signal),
  }));
  publish(ctx.containers, live.record, 'export');
  return stream;
}
