import { createSingleFlight } from '../../lib/async/single-flight.ts';
import { type ContentDigest, isContentDigest } from '../name.ts';
import type { Registry } from '../registry.ts';
import { RegistryError } from '../registry-error.ts';
import type { StoredManifest } from '../storage/manifests.ts';
import type { Upstream } from './upstream.ts';

/**
 * A registry that fetches from another what it does not have, keeps it, and then serves it. Content is verified by its digest before it is
 * kept; requests for the same content share one download. A tag is asked for at the upstream each time, and while that cannot be reached the
 * copy is served. Tag lists and referrers are those of what is here.
 */
export function createPullThrough(local: Registry, upstream: Upstream): Registry {
  const flights = createSingleFlight<void>();

  async function fetchManifest(repository: string, digest: ContentDigest): Promise<void> {
    const found = await upstream.manifest(repository, digest);
    if (found === undefined) return;
    try {
      await local.manifests.put(repository, digest, found.bytes, found.contentType);
    } catch (error) {
      throw error instanceof RegistryError ? undelivered(error) : error;
    }
  }

  async function fetchBlob(repository: string, digest: ContentDigest): Promise<void> {
    const body = await upstream.blob(repository, digest);
    if (body === undefined) return;
    const id = await local.uploads.create(repository);
    try {
      await local.uploads.append(repository, id, body);
      await local.uploads.commit(repository, id, digest);
    } catch (error) {
      await local.uploads.cancel(repository, id).catch(() => undefined);
      throw error instanceof RegistryError && error.code !== 'DIGEST_INVALID' ? error : undelivered(error);
    }
  }

  async function get(repository: string, digest: ContentDigest): Promise<StoredManifest> {
    return await orFetch(
      async () => await local.manifests.get(repository, digest),
      async () =>
        await flights.run(`manifest ${repository}@${digest}`, async () => await fetchManifest(repository, digest)),
    );
  }

  async function getTag(repository: string, tag: string): Promise<StoredManifest> {
    const digest = await askForTag(repository, tag);
    if (digest === 'unreachable') return await local.manifests.get(repository, tag);
    if (digest === undefined)
      throw new RegistryError('MANIFEST_UNKNOWN', 'manifest unknown to registry', { detail: { tag } });
    const stored = await get(repository, digest);
    if ((await local.manifests.resolve(repository, tag)) !== digest)
      await local.manifests.put(repository, tag, stored.bytes, stored.mediaType);
    return stored;
  }

  async function askForTag(repository: string, tag: string): Promise<ContentDigest | 'unreachable' | undefined> {
    try {
      const digest = await upstream.resolve(repository, tag);
      return digest !== undefined && isContentDigest(digest) ? digest : undefined;
    } catch (error) {
      if (error instanceof RegistryError && ['UNAVAILABLE', 'TOOMANYREQUESTS'].includes(error.code)) {
        if ((await local.manifests.resolve(repository, tag)) !== undefined) return 'unreachable';
      }
      throw error;
    }
  }

  return {
    ...local,
    manifests: {
      ...local.manifests,
      get: async (repository, reference) =>
        isContentDigest(reference) ? await get(repository, reference) : await getTag(repository, reference),
    },
    blobs: {
      ...local.blobs,
      size: async (repository, digest) =>
        await orFetch(
          async () => await local.blobs.size(repository, digest),
          async () =>
            await flights.run(`blob ${repository}@${digest}`, async () => await fetchBlob(repository, digest)),
        ),
    },
  };
}

function undelivered(cause: unknown): RegistryError {
  return new RegistryError('UNAVAILABLE', 'the upstream registry did not deliver the content', { cause });
}

async function orFetch<T>(read: () => Promise<T>, fetchIt: () => Promise<void>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof RegistryError) || error.status !== 404) throw error;
  }
  await fetchIt();
  return await read();
}
