import type { KeyedLock } from '../../lib/async/keyed-lock.ts';
import type { ContentDigest } from '../name.ts';
import { RegistryError } from '../registry-error.ts';
import type { ByteRange, Driver } from './driver.ts';
import { createLru } from './lru.ts';
import { blobPath, layerPath } from './paths.ts';
import type { Recent } from './recent.ts';

/** Blobs, each kept once, and which repositories may give them out. */
export interface Blobs {
  /** Size in bytes; the client is taken to rely on it from now on (see Recent). Errors: BLOB_UNKNOWN. */
  size(repository: string, digest: ContentDigest): Promise<number>;
  has(repository: string, digest: ContentDigest): Promise<boolean>;
  stream(digest: ContentDigest, range: ByteRange): AsyncIterable<Uint8Array>;
  /** See Driver.localPath. */
  localPath(digest: ContentDigest): string | undefined;
  /** Makes the synced, verified file at `path` the blob, and gives it to the repository. */
  adopt(repository: string, digest: ContentDigest, path: string): Promise<void>;
  /** Gives a blob of one repository to another; false when the first one has none. */
  mount(from: string, to: string, digest: ContentDigest): Promise<boolean>;
  /** Takes the blob from the repository; the collector removes the bytes once nobody has them. Errors: BLOB_UNKNOWN. */
  remove(repository: string, digest: ContentDigest): Promise<void>;
  /** For the collector: removes a repository's link unless a client was told of it lately. True when removed. */
  removeLink(repository: string, digest: ContentDigest): Promise<boolean>;
  /** For the collector: removes the bytes unless a client was told of them lately. True when removed. */
  removeBlob(digest: ContentDigest): Promise<boolean>;
}

const MAX_CACHED_SIZES = 50_000;

export interface BlobsDeps {
  readonly driver: Driver;
  readonly recent: Recent;
  /** By digest: a removal by the collector excludes every look-up that promises something to a client. */
  readonly lock: KeyedLock;
}

export function createBlobs({ driver, recent, lock }: BlobsDeps): Blobs {
  const sizes = createLru<number>(MAX_CACHED_SIZES);
  const keyOf = (repository: string, digest: ContentDigest): string => `${repository}@${digest}`;
  const linkOf = (repository: string, digest: ContentDigest): string => `${layerPath(repository, digest)}/link`;

  async function find(repository: string, digest: ContentDigest): Promise<number | undefined> {
    recent.touch(repository, digest);
    const cached = sizes.get(keyOf(repository, digest));
    if (cached !== undefined) return cached;
    return await lock.run(digest, async () => {
      const [link, blob] = await Promise.all([driver.stat(linkOf(repository, digest)), driver.stat(blobPath(digest))]);
      if (link === undefined || blob === undefined) return undefined;
      sizes.set(keyOf(repository, digest), blob.sizeBytes);
      return blob.sizeBytes;
    });
  }

  async function known(repository: string, digest: ContentDigest): Promise<number> {
    const size = await find(repository, digest);
    if (size === undefined) throw new RegistryError('BLOB_UNKNOWN', 'blob unknown to registry', { detail: { digest } });
    return size;
  }

  return {
    size: known,
    has: async (repository, digest) => (await find(repository, digest)) !== undefined,
    stream: (digest, range) => driver.stream(blobPath(digest), range),
    localPath: (digest) => driver.localPath?.(blobPath(digest)),
    async adopt(repository, digest, path) {
      recent.touch(repository, digest);
      await lock.run(digest, async () => {
        if ((await driver.stat(blobPath(digest))) === undefined) await driver.move(path, blobPath(digest));
        await driver.write(linkOf(repository, digest), digest);
      });
    },
    async mount(from, to, digest) {
      if ((await find(from, digest)) === undefined) return false;
      recent.touch(to, digest);
      return await lock.run(digest, async () => {
        if ((await driver.stat(blobPath(digest))) === undefined) return false;
        await driver.write(linkOf(to, digest), digest);
        return true;
      });
    },
    async remove(repository, digest) {
      await known(repository, digest);
      await lock.run(digest, async () => {
        sizes.delete(keyOf(repository, digest));
        await driver.remove(layerPath(repository, digest));
      });
    },
    removeLink: async (repository, digest) =>
      await lock.run(digest, async () => {
        if (recent.has(repository, digest)) return false;
        sizes.delete(keyOf(repository, digest));
        await driver.remove(layerPath(repository, digest));
        return true;
      }),
    removeBlob: async (digest) =>
      await lock.run(digest, async () => {
        if (recent.hasBlob(digest)) return false;
        await driver.remove(blobPath(digest).replace(/\/data$/, ''));
        return true;
      }),
  };
}
