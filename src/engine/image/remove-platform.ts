import type { ImageDeleteResponseItem } from '../../api/types/image.ts';
import { KnownError, wrapError } from '../../lib/errors.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Platform } from '../../oci/platform.ts';
import { formatPlatform } from '../../oci/platform.ts';
import { familiarReference, parseReference } from '../../oci/reference.ts';
import type { CatalogEntry, LocalManifest } from './catalog.ts';
import { ATTESTED, pickExact } from './catalog.ts';
import type { ImageServiceDeps } from './deps.ts';
import { wrongPlatform } from './errors.ts';
import type { FoundImage } from './find.ts';

/**
 * Takes away what is here of some platforms of an index, with the attestations that speak of them; the image stays, and a pull
 * brings them back. What another image needs stays too. Undefined: the image is no index, so that all of it is meant.
 * Errors: invalid_parameter without `force`, not_found.
 */
export async function removePlatforms(
  deps: ImageServiceDeps,
  found: FoundImage,
  { force, platforms }: { readonly force: boolean; readonly platforms: readonly Platform[] },
): Promise<readonly ImageDeleteResponseItem[] | undefined> {
  if (!force) throw needsForce();
  const { target } = found.record;
  const entries = await deps.catalog.entries(target);
  const manifests = entries.flatMap(({ local }) => local ?? []);
  const chosen = platforms.map((platform) => choose(manifests, found, platform));
  if (chosen.some(({ descriptor }) => descriptor.digest === target.digest)) return undefined;
  const doomed = chosen.flatMap(({ descriptor }) => [descriptor.digest, ...attestationsOf(entries, descriptor.digest)]);
  await deps.collector.collect({ dropped: [{ target: target.digest, manifests: doomed }] });
  return doomed.map((Deleted) => ({ Deleted }));
}

function needsForce(): KnownError {
  const text = 'Content will be removed from all images referencing this variant. Use —-force to force delete.';
  return new KnownError('invalid_parameter', text);
}

function choose(manifests: readonly LocalManifest[], { record, name }: FoundImage, platform: Platform): LocalManifest {
  const found = pickExact(manifests, platform);
  if (found) return found;
  const { digest } = record.target;
  const shown = name === undefined ? digest : familiarReference(parseReference(name));
  const doing = `failed to delete platform ${formatPlatform(platform)} for image ${digest}`;
  throw wrapError(wrongPlatform(shown, platform), doing);
}

function attestationsOf(entries: readonly CatalogEntry[], digest: Digest): readonly Digest[] {
  return entries
    .filter(
      ({ kind, manifest, descriptor }) =>
        kind === 'attestation' && manifest && descriptor.annotations?.[ATTESTED] === digest,
    )
    .map(({ descriptor }) => descriptor.digest);
}
