import { KnownError } from '../../lib/errors.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Platform } from '../../oci/platform.ts';
import { formatPlatform } from '../../oci/platform.ts';
import { familiarReference, parseReference } from '../../oci/reference.ts';
import type { LocalManifest } from './catalog.ts';
import { otherPlatforms, pickExact } from './catalog.ts';
import type { DroppedContent } from './collector.ts';
import type { ImageServiceDeps } from './deps.ts';
import type { LoadedImage } from './loaded-image.ts';

type Deps = Pick<ImageServiceDeps, 'catalog' | 'content' | 'records'>;

/** The images of the platforms that are asked for. Errors: not_found. */
export function choosePlatforms(
  manifests: readonly LocalManifest[],
  { target, names }: LoadedImage,
  platforms: readonly Platform[],
): readonly LocalManifest[] {
  return platforms.map((platform) => {
    const found = pickExact(manifests, platform);
    if (found) return found;
    const name = names[0] === undefined ? target.digest : familiarReference(parseReference(names[0]));
    throw new KnownError(
      'not_found',
      `requested platform (${formatPlatform(platform)}) not found: image ${name} was not loaded`,
    );
  });
}

/** Manifests of indexes that are here before an archive is read: a load that leaves platforms out takes none of these away. */
export async function knownManifests(deps: Deps, platforms: readonly Platform[]): Promise<ReadonlySet<Digest>> {
  const known = new Set<Digest>();
  if (platforms.length === 0) return known;
  for (const { target } of deps.records.list()) {
    for (const { descriptor } of await deps.catalog.entries(target))
      if (await deps.content.has(descriptor.digest)) known.add(descriptor.digest);
  }
  return known;
}

/** What came with the images and was not asked for. */
export async function surplus(
  deps: Deps,
  images: readonly LoadedImage[],
  platforms: readonly Platform[],
  known: ReadonlySet<Digest>,
): Promise<readonly DroppedContent[]> {
  if (platforms.length === 0) return [];
  return await Promise.all(
    images.map(async (image) => {
      const entries = await deps.catalog.entries(image.target);
      const manifests = entries.flatMap(({ local }) => local ?? []);
      const others = otherPlatforms(entries, choosePlatforms(manifests, image, platforms));
      return { target: image.target.digest, manifests: others.filter((digest) => !known.has(digest)) };
    }),
  );
}
