import { parseManifest } from '../manifest.ts';
import type { ContentDigest } from '../name.ts';
import type { Blobs } from './blobs.ts';
import type { Driver } from './driver.ts';
import { listDigests, type Manifests, readIfThere } from './manifests.ts';
import { BLOBS, blobPath, layerPath, repositoryPath, tagsPath } from './paths.ts';

/** What a collection did. */
export interface Collected {
  readonly manifests: number;
  readonly links: number;
  readonly blobs: number;
  readonly bytes: number;
}

export interface CollectDeps {
  readonly driver: Driver;
  readonly manifests: Manifests;
  readonly blobs: Blobs;
  readonly now: () => number;
  /** Younger content is left alone: a client may be about to push the manifest that names it. */
  readonly graceMs: number;
  /** Manifests that no tag, no kept index and no kept subject leads to go as well. */
  readonly deleteUntagged: boolean;
  /** Counts and tells, and removes nothing. */
  readonly dryRun?: boolean;
  /** Told `manifest NAME@DIGEST`, `link NAME@DIGEST` and `blob DIGEST` for each thing that goes. */
  readonly tell?: (what: string) => void;
}

/**
 * Removes what no manifest leads to, while the registry serves: untagged manifests (if asked to), then links of repositories, then
 * blobs. A removal asks once more, under the digest's lock, whether a client was told of the content in the meantime (see Recent); a crash
 * between steps leaves content that the next collection finds again.
 */
export async function collect(deps: CollectDeps, signal: AbortSignal): Promise<Collected> {
  const done = { manifests: 0, links: 0, blobs: 0, bytes: 0 };
  const live = new Set<ContentDigest>();
  const goes = async (what: string, remove: () => Promise<boolean>): Promise<boolean> => {
    if (!deps.dryRun && !(await remove())) return false;
    deps.tell?.(what);
    return true;
  };
  for (const repository of await deps.manifests.repositories()) {
    signal.throwIfAborted();
    const gone = new Set<ContentDigest>();
    for (const digest of deps.deleteUntagged ? await findUntagged(deps, repository) : []) {
      const remove = async (): Promise<boolean> => await deps.manifests.removeUntagged(repository, digest);
      if (await goes(`manifest ${repository}@${digest}`, remove)) gone.add(digest);
    }
    done.manifests += gone.size;
    const revisions = (await deps.manifests.revisions(repository)).filter((digest) => !gone.has(digest));
    const { reached, entries } = await reachedFrom(deps, revisions);
    for (const digest of reached) live.add(digest);
    for (const digest of await listDigests(deps.driver, `${repositoryPath(repository)}/_layers`)) {
      signal.throwIfAborted();
      if (reached.has(digest)) continue;
      const old = !entries.has(digest) && (await isOld(deps, `${layerPath(repository, digest)}/link`));
      const remove = async (): Promise<boolean> => await deps.blobs.removeLink(repository, digest);
      if (old && (await goes(`link ${repository}@${digest}`, remove))) done.links++;
      else live.add(digest);
    }
  }
  for await (const digest of blobDigests(deps.driver)) {
    signal.throwIfAborted();
    if (live.has(digest)) continue;
    const info = await deps.driver.stat(blobPath(digest));
    if (info && !(await isOld(deps, blobPath(digest)))) continue;
    if (!(await goes(`blob ${digest}`, async () => await deps.blobs.removeBlob(digest)))) continue;
    done.blobs++;
    done.bytes += info?.sizeBytes ?? 0;
  }
  return done;
}

interface Reached {
  /** The manifests themselves and the blobs they name. */
  readonly reached: ReadonlySet<ContentDigest>;
  /** What indexes name: manifests, or blobs. */
  readonly entries: ReadonlySet<ContentDigest>;
}

async function reachedFrom(deps: CollectDeps, roots: readonly ContentDigest[]): Promise<Reached> {
  const [reached, entries] = [new Set<ContentDigest>(), new Set<ContentDigest>()];
  for (const root of roots) {
    reached.add(root);
    const bytes = await readIfThere(deps.driver, blobPath(root));
    if (bytes === undefined) continue;
    const { blobs, manifests } = parseManifest(bytes);
    for (const { digest } of blobs) reached.add(digest);
    for (const { digest } of manifests) entries.add(digest);
  }
  return { reached, entries };
}

async function findUntagged(deps: CollectDeps, repository: string): Promise<readonly ContentDigest[]> {
  const revisions = await deps.manifests.revisions(repository);
  const kept = await keptByTags(deps, repository, revisions);
  const found: ContentDigest[] = [];
  for (const digest of revisions) if (!kept.has(digest) && (await isOld(deps, blobPath(digest)))) found.push(digest);
  return found;
}

/** Tagged manifests, entries of kept indexes, and referrers of kept subjects, all the way. */
async function keptByTags(
  deps: CollectDeps,
  repository: string,
  revisions: readonly ContentDigest[],
): Promise<ReadonlySet<ContentDigest>> {
  const leads = new Map<ContentDigest, ContentDigest[]>();
  for (const revision of revisions) {
    const bytes = await readIfThere(deps.driver, blobPath(revision));
    if (bytes === undefined) continue;
    const { manifests, subject } = parseManifest(bytes);
    leads.set(revision, [...(leads.get(revision) ?? []), ...manifests.map(({ digest }) => digest)]);
    if (subject) leads.set(subject, [...(leads.get(subject) ?? []), revision]);
  }
  const kept = new Set<ContentDigest>();
  const waiting: ContentDigest[] = [];
  for (const tag of await deps.driver.list(tagsPath(repository))) {
    const digest = await deps.manifests.resolve(repository, tag.replace(/\/$/, ''));
    if (digest) waiting.push(digest);
  }
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (kept.has(next)) continue;
    kept.add(next);
    waiting.push(...(leads.get(next) ?? []));
  }
  return kept;
}

async function isOld(deps: CollectDeps, path: string): Promise<boolean> {
  const info = await deps.driver.stat(path);
  return info !== undefined && info.modifiedMs < deps.now() - deps.graceMs;
}

async function* blobDigests(driver: Driver): AsyncIterable<ContentDigest> {
  for (const algorithm of await driver.list(BLOBS))
    for (const prefix of await driver.list(`${BLOBS}/${algorithm.slice(0, -1)}`)) {
      const folder = `${BLOBS}/${algorithm.slice(0, -1)}/${prefix.slice(0, -1)}`;
      for (const hex of await driver.list(folder))
        yield `${algorithm.slice(0, -1)}:${hex.slice(0, -1)}` as ContentDigest;
    }
}
