import type { ContainerRecord } from '../../store/record/container-records.ts';
import type { ImageUser } from '../image/deps.ts';
import { isRunning } from './state.ts';

/** The images that a container stands on: its own, and those that are mounted into it; each once. Pure. */
export function imageUsersOf({
  id,
  image,
  mounts,
  state,
}: Pick<ContainerRecord, 'id' | 'image' | 'mounts' | 'state'>): readonly ImageUser[] {
  const own = { id: image.id as string, manifest: image.manifest.digest as string };
  const mounted = mounts.flatMap((mount) => (mount.kind === 'image' && mount.image ? [mount.image] : []));
  const once = new Map([...mounted, own].map((used) => [used.id, used]));
  return [...once.values()].map((used) => ({
    containerId: id,
    imageId: used.id,
    manifest: used.manifest,
    running: isRunning(state),
  }));
}
