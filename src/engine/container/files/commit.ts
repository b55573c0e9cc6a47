import type { ContainerConfig } from '../../../api/types/container.ts';
import type { ImageCommits } from '../../image/image-commits.ts';
import { publish } from '../context.ts';
import type { LiveContainer } from '../live.ts';
import { pauseContainer, unpauseContainer } from '../pause.ts';
import { commitRemoved } from './errors.ts';
import type { FilesContext } from './files-service.ts';
import type { CommitRequest } from './service.ts';

export type { ImageCommits };

/** Fields that an image takes over from a container (image-spec config.md). */
const KEPT = [
  'User',
  'ExposedPorts',
  'Env',
  'Entrypoint',
  'Cmd',
  'Volumes',
  'WorkingDir',
  'Labels',
  'StopSignal',
  'Healthcheck',
  'OnBuild',
  'Shell',
] as const;

/** Makes an image of the container's files and settings. Its processes stand still meanwhile unless `pause` is false; the lock is held. */
export async function commitContainer(
  ctx: FilesContext & { readonly commits: ImageCommits },
  request: CommitRequest,
  signal: AbortSignal,
): Promise<string> {
  const { containers, files, commits } = ctx;
  const found = containers.table.find(request.container);
  const { id } = found.record;
  const { imageId, reference } = await containers.locked(id, async () => {
    const live = containers.table.find(id);
    const { record } = live;
    if (live.removing || record.state.status === 'dead') throw commitRemoved(id, record.state.status === 'dead');
    const draft = {
      base: record.image.manifest,
      platform: record.image.platform,
      names: { repository: request.repository, tag: request.tag },
      config: { ...imageConfigOf(record.config), ...given(request.config) },
      changes: request.changes,
      author: request.author,
      comment: request.comment,
      createdBy: (record.config.Cmd ?? []).join(' '),
    };
    return await commits.commit(
      draft,
      async (keep) =>
        await standingStill(ctx, live, request.pause, async () =>
          keep(await files.layer(containers.layers.rootfs(id), signal)),
        ),
      signal,
    );
  });
  publish(containers, found.record, 'commit', {
    comment: request.comment,
    imageID: imageId,
    imageRef: reference ?? '',
  });
  return imageId;
}

async function standingStill<T>(
  { containers }: FilesContext,
  live: LiveContainer,
  pause: boolean,
  work: () => Promise<T>,
): Promise<T> {
  if (!pause || live.record.state.status !== 'running') return await work();
  const { id } = live.record;
  containers.bundles.setHalted(id, true);
  try {
    await pauseContainer(containers, live);
    try {
      return await work();
    } finally {
      await unpauseContainer(containers, live);
    }
  } finally {
    containers.bundles.setHalted(id, false);
  }
}

function imageConfigOf(config: ContainerConfig): Readonly<Record<string, unknown>> {
  return given(Object.fromEntries(KEPT.map((name) => [name, config[name]])));
}

/** Leaves out what is not set. */
function given(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const isSet = (value: unknown): boolean =>
    value !== undefined &&
    value !== null &&
    value !== '' &&
    !(typeof value === 'object' && Object.keys(value).length === 0);
  return Object.fromEntries(
    Object.entries(fields).filter(([name, value]) => KEPT.some((kept) => kept === name) && isSet(value)),
  );
}
