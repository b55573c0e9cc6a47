import { randomUUID } from 'node:crypto';
import type { Volume } from '../../api/types/volume.ts';
import { KnownError } from '../../lib/errors.ts';
import type { VolumeRecord } from '../../store/record/volume-records.ts';
import { find, publish, type VolumeContext } from './context.ts';
import { show } from './drivers.ts';
import { volumeExists, volumeInUse } from './errors.ts';
import { ANONYMOUS } from './filter.ts';
import { borrow, hold, letGo } from './hold.ts';
import { checkLocalName } from './local-driver.ts';
import type { VolumeCopies } from './volume.ts';

/** See VolumeCopies. */
export function createCopies(ctx: VolumeContext): VolumeCopies {
  return {
    copy: async (from, request, signal) => await copyVolume(ctx, from, request, signal),
    rename: async (from, to) => await renameVolume(ctx, from, to),
    export: async (name, signal) => await exportVolume(ctx, name, signal),
    import: async (request, archive, signal) => await importVolume(ctx, request, archive, signal),
  };
}

/** The source's lock is held: nobody begins to use it while it is read. */
async function copyVolume(
  ctx: VolumeContext,
  from: string,
  { to, labels = {}, force }: Parameters<VolumeCopies['copy']>[1],
  signal: AbortSignal,
): Promise<Volume> {
  checkLocalName(to);
  if (from === to) throw volumeExists('copy', to);
  return await lockBoth(ctx, from, to, async () => {
    const { [ANONYMOUS]: _anonymous, ...kept } = find(ctx, from).labels;
    const running = ctx.holders.of(from);
    if (running.length > 0 && !force)
      throw new KnownError(
        'conflict',
        `copy ${from}: volume is mounted by running containers - [${running.join(', ')}]: stop them first, or use force for a copy of what they are writing to`,
      );
    const holder = `copied-${randomUUID()}`;
    const source = await hold(ctx, from, holder);
    try {
      return await addVolume(ctx, 'copy', { name: to, labels: { ...kept, ...labels } }, (draft) =>
        ctx.files.copyToDraft(source, draft, signal),
      );
    } finally {
      await letGo(ctx, from, holder);
    }
  });
}

async function importVolume(
  ctx: VolumeContext,
  request: Parameters<VolumeCopies['import']>[0],
  archive: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<Volume> {
  checkLocalName(request.name);
  const fill = async (draft: string): Promise<void> => {
    await ctx.archives.write(
      { root: { kind: 'mounted', path: ctx.files.makeDraft(draft) }, binds: [] },
      {
        path: '/',
        archive: ctx.decompressor.decompress(archive, { signal }),
        keepKinds: false,
        owner: undefined,
        readOnly: false,
      },
      signal,
    );
    await ctx.files.syncDraft(draft);
  };
  return await ctx.locks.run(request.name, () => addVolume(ctx, 'import', request, fill));
}

/**
 * Fills a draft and makes it a volume, under the lock of its name. The record is what decides: from when it is written the volume is there, and a
 * daemon that dies before the draft has its place puts it there at its next start.
 */
async function addVolume(
  ctx: VolumeContext,
  action: string,
  { name, labels }: Pick<VolumeRecord, 'name' | 'labels'>,
  fill: (draft: string) => Promise<void>,
): Promise<Volume> {
  if (ctx.records.get(name)) throw volumeExists(action, name);
  const draft = randomUUID();
  const record = { name, labels, createdAt: new Date().toISOString() };
  try {
    await fill(draft);
    if (ctx.files.list().includes(name)) throw volumeExists(action, name);
    ctx.records.add({ ...record, draft });
  } catch (error) {
    ctx.files.discardDraft(draft);
    await ctx.files.emptyTrash();
    throw error;
  }
  ctx.files.settleDraft(draft, name);
  ctx.records.replace(name, record);
  publish(ctx, record, 'create');
  return await show(ctx, record);
}

/** In one order, whoever asks: nobody waits for who waits for him. */
async function lockBoth<T>(ctx: VolumeContext, a: string, b: string, work: () => Promise<T>): Promise<T> {
  const [first, second] = a < b ? [a, b] : [b, a];
  return await ctx.locks.run(first, () => ctx.locks.run(second, work));
}

/** What is to be done is on record before it is done, so that the next daemon can finish it. */
async function renameVolume(ctx: VolumeContext, from: string, to: string): Promise<void> {
  checkLocalName(to);
  if (from === to) throw volumeExists('rename', to);
  await lockBoth(ctx, from, to, async () => {
    const record = find(ctx, from);
    if (record.driver !== undefined)
      throw new KnownError(
        'invalid_parameter',
        `rename ${from}: volumes of driver ${record.driver} have no other name`,
      );
    const users = [...new Set([...ctx.records.users(from), ...ctx.holders.of(from)])];
    if (users.length > 0) throw volumeInUse('rename', from, users);
    if (ctx.records.get(to) || ctx.files.list().includes(to)) throw volumeExists('rename', to);
    ctx.records.replace(from, { ...record, renamingTo: to });
    ctx.files.rename(from, to);
    ctx.records.replace(from, { ...record, name: to });
    publish(ctx, { ...record, name: to }, 'rename', { oldName: from });
  });
}

/** The volume is held until the archive has been read to its end. */
async function exportVolume(ctx: VolumeContext, name: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  const opened = Promise.withResolvers<AsyncIterable<Uint8Array>>();
  const ended = Promise.withResolvers<void>();
  void borrow(ctx, name, async (path) => {
    opened.resolve(await ctx.archives.tree({ root: { kind: 'mounted', path }, binds: [] }, signal));
    await ended.promise;
  }).catch(opened.reject);
  const archive = await opened.promise;
  return untilEnd(archive, ended.resolve);
}

async function* untilEnd(archive: AsyncIterable<Uint8Array>, ended: () => void): AsyncGenerator<Uint8Array> {
  try {
    yield* archive;
  } finally {
    ended();
  }
}
