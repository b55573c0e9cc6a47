import type { ImageSummary } from '../../api/types/image.ts';
import { toApiDescriptor } from './api-descriptor.ts';
import type { ImageServiceDeps } from './deps.ts';
import type { DescribedImage } from './describe.ts';
import { describeAll, describeImage, sizeOf } from './describe.ts';
import { imageFilter, matchesReference } from './filter.ts';
import { findImage } from './find.ts';
import { manifestSummaries } from './manifest-summary.ts';
import type { ImageService } from './service.ts';

export async function list(
  deps: ImageServiceDeps,
  options: Parameters<ImageService['list']>[0],
): Promise<readonly ImageSummary[]> {
  const wanted = await imageFilter(
    options.filters,
    deps.now(),
    async (name) => (await describeImage(deps, findImage(deps.records, name).record)).createdMs,
  );
  const all = await describeAll(deps);
  const shared = options.sharedSize ? countUses(all) : undefined;
  const users = Map.groupBy(deps.users(), ({ imageId }) => imageId);
  const patterns = options.filters.get('reference');
  const shown = all.filter(wanted).map((image) => (patterns ? named(image, patterns) : image));
  return await Promise.all(
    shown.map(async (image) => {
      const { target } = image.record;
      const row = summary(image, users.get(target.digest)?.length ?? 0, shared);
      return options.manifests ? { ...row, Manifests: await manifestSummaries(deps, target) } : row;
    }),
  );
}

/** Of an image with several names only those that were asked for. */
function named(image: DescribedImage, patterns: readonly string[]): DescribedImage {
  const asked = (name: string): boolean => patterns.some((pattern) => matchesReference(pattern, name));
  return { ...image, repoTags: image.repoTags.filter(asked), repoDigests: image.repoDigests.filter(asked) };
}

function summary(
  image: DescribedImage,
  containers: number,
  uses: ReadonlyMap<string, number> | undefined,
): ImageSummary {
  const { target } = image.record;
  const shared = uses ? new Map([...image.parts].filter(([key]) => (uses.get(key) ?? 0) > 1)) : undefined;
  return {
    Id: target.digest,
    ParentId: '',
    RepoTags: [...image.repoTags],
    RepoDigests: [...image.repoDigests],
    Created: Math.floor(image.createdMs / 1000),
    Size: sizeOf(image.parts),
    SharedSize: shared ? sizeOf(shared) : -1,
    Labels: { ...image.labels },
    Containers: containers,
    Descriptor: toApiDescriptor(target),
  };
}

function countUses(images: readonly DescribedImage[]): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  for (const { parts } of images) for (const key of parts.keys()) uses.set(key, (uses.get(key) ?? 0) + 1);
  return uses;
}
