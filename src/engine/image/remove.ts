import type { ImageDeleteResponseItem } from '../../api/types/image.ts';
import { assertNever } from '../../lib/errors.ts';
import { canonicalName, familiarReference, parseReference } from '../../oci/reference.ts';
import type { ImageRecord } from '../../store/record/image-records.ts';
import type { ImageServiceDeps, ImageUser } from './deps.ts';
import { referenceInUse, severalRepositories, usedByRunning, usedByStopped } from './errors.ts';
import type { FoundImage } from './find.ts';
import { findImage } from './find.ts';
import { publishImage, readLabels } from './image-event.ts';
import { removePlatforms } from './remove-platform.ts';
import type { ImageService } from './service.ts';

/** What removing is to do, decided before anything is touched. */
export type Removal =
  | { readonly kind: 'untag'; readonly names: readonly string[] }
  | { readonly kind: 'delete'; readonly names: readonly string[] }
  | { readonly kind: 'refuse'; readonly error: Error };

/**
 * Docker's rules. By name: other names left means only this one goes (by repository and digest: every name in that repository); the last name of an image in use needs force, and then
 * the image stays without a name. By id: names in several repositories, or a stopped container, need force; a running
 * container cannot be forced.
 */
export function planRemoval({ record, name, names }: FoundImage, users: readonly ImageUser[], force: boolean): Removal {
  const image = record.target.digest;
  const running = users.find((user) => user.running);
  const user = running ?? users[0];
  if (name !== undefined) {
    const rest = record.names.filter((other) => !names.includes(other));
    if (rest.length > 0) return { kind: 'untag', names };
    if (!user) return { kind: 'delete', names };
    if (!force)
      return {
        kind: 'refuse',
        error: referenceInUse(familiarReference(parseReference(name)), user.containerId, image),
      };
    return { kind: 'untag', names };
  }
  const repositories = new Set(record.names.map((other) => canonicalName(parseReference(other))));
  if (running) return { kind: 'refuse', error: usedByRunning(image, running.containerId) };
  if (repositories.size > 1 && !force) return { kind: 'refuse', error: severalRepositories(image) };
  if (user && !force) return { kind: 'refuse', error: usedByStopped(image, user.containerId) };
  return { kind: 'delete', names: record.names };
}

export async function remove(
  deps: ImageServiceDeps,
  name: string,
  options: Parameters<ImageService['remove']>[1],
): Promise<readonly ImageDeleteResponseItem[]> {
  const labels = await readLabels(deps, findImage(deps.records, name).record.target);
  const found = findImage(deps.records, name);
  const { platforms = [], force } = options;
  const removed = platforms.length > 0 ? await removePlatforms(deps, found, { force, platforms }) : undefined;
  if (removed) return removed;
  const users = deps.users().filter(({ imageId }) => imageId === found.record.target.digest);
  const removal = planRemoval(found, users, force);
  switch (removal.kind) {
    case 'refuse':
      throw removal.error;
    case 'untag':
      return untag(deps, found.record, removal.names, labels);
    case 'delete': {
      const done = deleteImage(deps, found.record, removal.names, labels);
      await deps.collector.collect();
      return done;
    }
    default:
      return assertNever(removal);
  }
}

function untag(
  deps: ImageServiceDeps,
  { target }: ImageRecord,
  names: readonly string[],
  labels: Readonly<Record<string, string>>,
): readonly ImageDeleteResponseItem[] {
  return names.map((name) => {
    deps.records.removeName(name);
    publishImage(deps, 'untag', target.digest, { name: target.digest, labels });
    return { Untagged: familiarReference(parseReference(name)) };
  });
}

/** Takes the names and the record away; the content goes with the next collection. */
export function deleteImage(
  deps: ImageServiceDeps,
  record: ImageRecord,
  names: readonly string[],
  labels: Readonly<Record<string, string>>,
): readonly ImageDeleteResponseItem[] {
  const { digest } = record.target;
  const untagged = untag(deps, record, names, labels);
  deps.records.remove(digest);
  publishImage(deps, 'delete', digest, { name: digest, labels });
  return [...untagged, { Deleted: digest }];
}
