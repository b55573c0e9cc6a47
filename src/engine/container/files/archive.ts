import { isKind, KnownError } from '../../../lib/errors.ts';
import type { PathStat, ReadArchive } from '../../../linux/files/container-files.ts';
import type { FilesView } from '../../../linux/files/view.ts';
import type { Decompressor } from '../../../store/content/decompressor.ts';
import { publish } from '../context.ts';
import type { LiveContainer } from '../live.ts';
import type { FilesContext } from './files-service.ts';
import type { ExtractRequest } from './service.ts';
import { withView } from './view.ts';

/** Facts of one path. Errors: not_found in Docker's words. */
export async function statArchive(
  ctx: FilesContext,
  name: string,
  path: string,
  signal: AbortSignal,
): Promise<PathStat> {
  const live = ctx.containers.table.find(name);
  return await atRest(ctx, live, () =>
    withView(ctx.containers, live, (view) => naming(name, path, ctx.files.stat(view, path, signal))),
  );
}

/** The archive holds the lock of a stopped container until it is read to its end. */
export async function readArchive(
  ctx: FilesContext,
  name: string,
  path: string,
  signal: AbortSignal,
): Promise<ReadArchive> {
  const live = ctx.containers.table.find(name);
  const opened = await holding(ctx, live, () => readView(ctx, { live, name, path }, signal));
  publish(ctx.containers, live.record, 'archive-path');
  return { stat: opened.value, archive: opened.stream };
}

/** What the view needs stays ready until the stream has ended. */
async function readView(
  ctx: FilesContext,
  { live, name, path }: { readonly live: LiveContainer; readonly name: string; readonly path: string },
  signal: AbortSignal,
): Promise<{ readonly value: PathStat; readonly stream: AsyncIterable<Uint8Array> }> {
  const opened = Promise.withResolvers<ReadArchive>();
  const ended = Promise.withResolvers<void>();
  const held = withView(ctx.containers, live, async (view) => {
    opened.resolve(await naming(name, path, ctx.files.read(view, path, signal)));
    await ended.promise;
  });
  held.catch(opened.reject);
  const { stat, archive } = await opened.promise;
  return { value: stat, stream: untilEnd(archive, () => ended.resolve()) };
}

export async function writeArchive(
  ctx: FilesContext & { readonly decompressor: Decompressor },
  name: string,
  request: ExtractRequest,
  signal: AbortSignal,
): Promise<void> {
  const live = ctx.containers.table.find(name);
  const { config, hostConfig } = live.record;
  const write = async (view: FilesView): Promise<void> => {
    const written = ctx.files.write(
      view,
      {
        path: request.path,
        archive: ctx.decompressor.decompress(request.archive, { signal }),
        keepKinds: request.noOverwriteDirNonDir,
        owner: request.copyUidGid && config.User ? config.User : undefined,
        readOnly: hostConfig.ReadonlyRootfs ?? false,
      },
      signal,
    );
    await naming(name, request.path, written);
  };
  await atRest(ctx, live, () => withView(ctx.containers, live, write));
  publish(ctx.containers, live.record, 'extract-to-dir');
}

/** Without a process the container's lock is held, so that its root is mounted by one at a time. */
export async function atRest<T>({ containers }: FilesContext, live: LiveContainer, work: () => Promise<T>): Promise<T> {
  if (live.session) return await work();
  return await containers.locked(live.record.id, work);
}

/** As {@link atRest}, for work whose stream goes on after it resolves: the lock is kept until the stream has ended. */
export async function holding<T>(
  ctx: FilesContext,
  live: LiveContainer,
  open: () => Promise<{ readonly value: T; readonly stream: AsyncIterable<Uint8Array> }>,
): Promise<{ readonly value: T; readonly stream: AsyncIterable<Uint8Array> }> {
  if (live.session) return await open();
  const ended = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<Awaited<ReturnType<typeof open>>>();
  const held = ctx.containers.locked(live.record.id, async () => {
    opened.resolve(await open());
    await ended.promise;
  });
  held.catch(opened.reject);
  const { value, stream } = await opened.promise;
  return { value, stream: untilEnd(stream, () => ended.resolve()) };
}

async function* untilEnd(stream: AsyncIterable<Uint8Array>, ended: () => void): AsyncGenerator<Uint8Array> {
  try {
    yield* stream;
  } finally {
    ended();
  }
}

/** A path that is not there is told of by the name the client used. */
async function naming<T>(name: string, path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!isKind(error, 'not_found')) throw error;
    throw new KnownError('not_found', `Could not find the file ${path} in container ${name}`, { cause: error });
  }
}
