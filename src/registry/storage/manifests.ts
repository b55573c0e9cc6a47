import type { KeyedLock } from '../../lib/async/keyed-lock.ts';
import { isKind } from '../../lib/errors.ts';
import { type Manifest, parseManifest } from '../manifest.ts';
import { algorithmOf, type ContentDigest, compareTags, digestOf, isContentDigest, isTag } from '../name.ts';
import { RegistryError } from '../registry-error.ts';
import type { Blobs } from './blobs.ts';
import type { Driver } from './driver.ts';
import { createLru } from './lru.ts';
import { blobPath, REPOSITORIES, repositoryPath, revisionPath, tagLinkPath, tagPath, tagsPath } from './paths.ts';
import type { Recent } from './recent.ts';
import type { Referrers } from './referrers.ts';

export interface StoredManifest {
  readonly digest: ContentDigest;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** Manifests of repositories, and the tags that stand for them. */
export interface Manifests {
  /** By tag or digest. Errors: MANIFEST_UNKNOWN, DIGEST_INVALID. */
  get(repository: string, reference: string): Promise<StoredManifest>;
  /**
   * Checks it and all it refers to, keeps it, and lets the tag (if `reference` is one) stand for it.
   * Errors: MANIFEST_INVALID, MANIFEST_BLOB_UNKNOWN, DIGEST_INVALID.
   */
  put(repository: string, reference: string, bytes: Uint8Array, contentType: string | undefined): Promise<PutManifest>;
  /** A tag goes alone; a digest goes with all its tags. Errors: MANIFEST_UNKNOWN. */
  remove(repository: string, reference: string): Promise<void>;
  /** For the collector: removes a manifest without tags unless a client was told of it lately. True when removed. */
  removeUntagged(repository: string, digest: ContentDigest): Promise<boolean>;
  /** In lexical order. Errors: NAME_UNKNOWN. */
  tags(repository: string): Promise<readonly string[]>;
  /** The same tags, and when each was last pushed. Errors: NAME_UNKNOWN. */
  tagged(repository: string): Promise<readonly Tagged[]>;
  /** The digest a tag stands for. */
  resolve(repository: string, tag: string): Promise<ContentDigest | undefined>;
  /** Digests of all manifests, tagged or not. */
  revisions(repository: string): Promise<readonly ContentDigest[]>;
  /** Names of all repositories, in code unit order. */
  repositories(): Promise<readonly string[]>;
}

export interface Tagged {
  readonly tag: string;
  /** Milliseconds since 1970. */
  readonly changedMs: number;
}

export interface PutManifest {
  readonly digest: ContentDigest;
  readonly subject: ContentDigest | undefined;
}

/** Which entries of an index must be in the repository: all of them, none, or those of these platforms. */
export type RequiredPlatforms = 'all' | 'none' | readonly string[];

export interface ManifestsDeps {
  readonly driver: Driver;
  readonly blobs: Blobs;
  readonly referrers: Referrers;
  readonly recent: Recent;
  /** By repository for changes; by digest as Blobs takes it. */
  readonly lock: KeyedLock;
  readonly requiredPlatforms: RequiredPlatforms;
  /** A cache: what a manifest refers to comes later, when somebody asks for it. */
  readonly partial: boolean;
}

const CACHE_BYTES = 32 * 1024 * 1024;
/** Cached bytes of one manifest, besides its own: key and objects. */
const OVERHEAD_BYTES = 512;

export function createManifests(deps: ManifestsDeps): Manifests {
  const { driver, blobs, referrers, recent, lock } = deps;
  /** Key: repository@digest, so that what is cached here is a manifest of that repository. */
  const cache = createLru<StoredManifest>(CACHE_BYTES);

  async function resolve(repository: string, tag: string): Promise<ContentDigest | undefined> {
    if (!isTag(tag)) return undefined;
    return await readLink(driver, tagLinkPath(repository, tag));
  }

  async function find(repository: string, digest: ContentDigest): Promise<StoredManifest | undefined> {
    const key = `${repository}@${digest}`;
    recent.touch(repository, digest);
    const cached = cache.get(key);
    if (cached) return cached;
    return await lock.run(digest, async () => {
      const link = await driver.stat(`${revisionPath(repository, digest)}/link`);
      const bytes = link && (await readIfThere(driver, blobPath(digest)));
      if (bytes === undefined) return undefined;
      const stored = { digest, bytes, mediaType: parseManifest(bytes).mediaType };
      cache.set(key, stored, bytes.length + OVERHEAD_BYTES);
      return stored;
    });
  }

  async function get(repository: string, reference: string): Promise<StoredManifest> {
    const digest = isContentDigest(reference) ? reference : await resolve(repository, reference);
    const stored = digest && (await find(repository, digest));
    if (stored === undefined) throw unknownManifest(reference);
    return stored;
  }

  /** Says all that is missing at once. Entries of an index may be blobs: build caches are kept so. */
  async function checkReferences(repository: string, manifest: Manifest): Promise<void> {
    const wanted = manifest.manifests.filter(({ platform }) => isRequired(deps.requiredPlatforms, platform));
    const missing: string[] = [];
    for (const { digest } of manifest.blobs.filter(({ foreign }) => !foreign))
      if (!(await blobs.has(repository, digest))) missing.push(digest);
    for (const { digest } of wanted)
      if (!(await find(repository, digest)) && !(await blobs.has(repository, digest))) missing.push(digest);
    if (missing.length === 0) return;
    throw new RegistryError('MANIFEST_BLOB_UNKNOWN', 'manifest references content unknown to the repository', {
      detail: missing.length === 1 ? { digest: missing[0] } : { digests: missing },
    });
  }

  async function keep(repository: string, stored: StoredManifest, manifest: Manifest): Promise<void> {
    const { digest, bytes } = stored;
    recent.touch(repository, digest);
    await lock.run(digest, async () => {
      await driver.write(blobPath(digest), bytes);
      await driver.write(`${revisionPath(repository, digest)}/link`, digest);
    });
    if (manifest.subject) await referrers.add(repository, manifest.subject, { ...stored, manifest });
    cache.set(`${repository}@${digest}`, stored, bytes.length + OVERHEAD_BYTES);
  }

  async function removeRevision(repository: string, digest: ContentDigest): Promise<void> {
    const stored = await find(repository, digest);
    if (stored === undefined) throw unknownManifest(digest);
    for (const { tag } of await tagsOf(repository))
      if ((await resolve(repository, tag)) === digest) await driver.remove(tagPath(repository, tag));
    const { subject } = parseManifest(stored.bytes);
    if (subject) await referrers.remove(repository, subject, digest);
    cache.delete(`${repository}@${digest}`);
    await driver.remove(revisionPath(repository, digest));
  }

  /** A folder without a link is what a crash left of a tag that was never made. */
  async function tagsOf(repository: string): Promise<readonly Tagged[]> {
    const names = (await driver.list(tagsPath(repository))).map((name) => name.replace(/\/$/, '')).filter(isTag);
    const links = await Promise.all(names.map(async (tag) => await driver.stat(tagLinkPath(repository, tag))));
    return names.flatMap((tag, index) => {
      const link = links[index];
      return link === undefined ? [] : [{ tag, changedMs: link.modifiedMs }];
    });
  }

  async function tagged(repository: string): Promise<readonly Tagged[]> {
    if ((await driver.list(repositoryPath(repository))).length === 0)
      throw new RegistryError('NAME_UNKNOWN', 'repository name not known to registry', {
        detail: { name: repository },
      });
    return [...(await tagsOf(repository))].sort((a, b) => compareTags(a.tag, b.tag));
  }

  return {
    get,
    resolve,
    async put(repository, reference, bytes, contentType) {
      const byDigest = isContentDigest(reference);
      if (!byDigest && reference.includes(':')) throw new RegistryError('DIGEST_INVALID', 'invalid digest');
      if (!byDigest && !isTag(reference))
        throw new RegistryError('MANIFEST_INVALID', 'the tag did not match its grammar');
      const manifest = parseManifest(bytes, contentType);
      const digest = digestOf(bytes, byDigest ? algorithmOf(reference) : 'sha256');
      if (byDigest && digest !== reference)
        throw new RegistryError('DIGEST_INVALID', 'provided digest did not match uploaded content', {
          detail: { expected: reference, actual: digest },
        });
      if (!deps.partial) await checkReferences(repository, manifest);
      return await lock.run(repository, async () => {
        await keep(repository, { digest, bytes, mediaType: manifest.mediaType }, manifest);
        if (!byDigest) await driver.write(tagLinkPath(repository, reference), digest);
        return { digest, subject: manifest.subject };
      });
    },
    remove: async (repository, reference) =>
      await lock.run(repository, async () => {
        if (isContentDigest(reference)) return await removeRevision(repository, reference);
        if ((await resolve(repository, reference)) === undefined) throw unknownManifest(reference);
        await driver.remove(tagPath(repository, reference));
      }),
    removeUntagged: async (repository, digest) =>
      await lock.run(repository, async () => {
        if (recent.has(repository, digest)) return false;
        await removeRevision(repository, digest);
        return true;
      }),
    tagged,
    tags: async (repository) => (await tagged(repository)).map(({ tag }) => tag),
    async revisions(repository) {
      const folder = `${repositoryPath(repository)}/_manifests/revisions`;
      return await listDigests(driver, folder);
    },
    repositories: async () =>
      (await walk(driver, REPOSITORIES)).map((path) => path.slice(REPOSITORIES.length + 1)).sort(),
  };
}

/** Digests of the folders `<folder>/<algorithm>/<hex>/`. */
export async function listDigests(driver: Driver, folder: string): Promise<readonly ContentDigest[]> {
  const found: ContentDigest[] = [];
  for (const algorithm of await driver.list(folder)) {
    const names = await driver.list(`${folder}/${algorithm.replace(/\/$/, '')}`);
    const digests = names.map((hex) => `${algorithm.replace(/\/$/, '')}:${hex.replace(/\/$/, '')}`);
    found.push(...digests.filter(isContentDigest));
  }
  return found;
}

/** Folders with manifests or uploads, at any depth. */
async function walk(driver: Driver, folder: string): Promise<readonly string[]> {
  const names = await driver.list(folder);
  const below: string[] = names.some((name) => name.startsWith('_')) ? [folder] : [];
  for (const name of names.filter((each) => each.endsWith('/') && !each.startsWith('_')))
    below.push(...(await walk(driver, `${folder}/${name.slice(0, -1)}`)));
  return below;
}

function isRequired(required: RequiredPlatforms, platform: string | undefined): boolean {
  if (required === 'all') return true;
  return required !== 'none' && platform !== undefined && required.includes(platform);
}

async function readLink(driver: Driver, path: string): Promise<ContentDigest | undefined> {
  const bytes = await readIfThere(driver, path);
  const text = bytes && new TextDecoder().decode(bytes).trim();
  return text !== undefined && isContentDigest(text) ? text : undefined;
}

/** The file, or undefined when there is none. */
export async function readIfThere(driver: Driver, path: string): Promise<Uint8Array | undefined> {
  try {
    return await driver.read(path);
  } catch (error) {
    if (isKind(error, 'not_found')) return undefined;
    throw error;
  }
}

function unknownManifest(reference: string): RegistryError {
  return new RegistryError('MANIFEST_UNKNOWN', 'manifest unknown to registry', { detail: { reference } });
}
