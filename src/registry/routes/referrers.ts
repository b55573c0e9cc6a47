import { OCI_INDEX } from '../../oci/media-type.ts';
import { text } from '../call.ts';
import type { ContentDigest } from '../name.ts';
import { RegistryError } from '../registry-error.ts';
import type { StoredManifest } from '../storage/manifests.ts';
import { type Referrer, readFallback } from '../storage/referrers.ts';
import type { Match, RouteDeps } from './route.ts';

/** Spec, "Listing Referrers" (end-12): an index, empty when nothing refers to the digest or it is not here. */
export function listReferrers({ registry }: RouteDeps, repository: string, subject: ContentDigest): Match['run'] {
  const get = async (reference: string): Promise<StoredManifest | undefined> => {
    try {
      return await registry.manifests.get(repository, reference);
    } catch (error) {
      if (error instanceof RegistryError) return undefined;
      throw error;
    }
  };
  return async (call) => {
    const listed = [...(await registry.referrers.list(repository, subject)), ...(await readFallback(subject, get))];
    const unique = [...new Map(listed.map((one) => [one.digest, one])).values()];
    const wanted = call.query.getAll('artifactType').filter((type) => type !== '');
    const manifests = wanted.length === 0 ? unique : unique.filter((one) => isOneOf(one, wanted));
    const body = JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests });
    return text(200, body, OCI_INDEX, wanted.length === 0 ? {} : { 'OCI-Filters-Applied': 'artifactType' });
  };
}

function isOneOf({ artifactType }: Referrer, wanted: readonly string[]): boolean {
  return artifactType !== undefined && wanted.includes(artifactType);
}
