import type { ContentDigest } from '../name.ts';

/**
 * What clients have been told is here, and when. A client that was told so does not upload again, so the collector keeps its hands
 * off until the grace time has passed. Kept in memory: the collector does not start before the process is as old as the grace time.
 */
export interface Recent {
  /** Now, for the repository's link and for the blob itself. */
  touch(repository: string, digest: ContentDigest): void;
  has(repository: string, digest: ContentDigest): boolean;
  hasBlob(digest: ContentDigest): boolean;
}

/** Looked through for old entries when it has grown by this many. */
const SWEEP_EVERY = 10_000;

export function createRecent(deps: { readonly now: () => number; readonly graceMs: number }): Recent {
  const seen = new Map<string, number>();
  let sweepAt = SWEEP_EVERY;
  const isRecent = (key: string): boolean => (seen.get(key) ?? Number.NEGATIVE_INFINITY) > deps.now() - deps.graceMs;

  function sweep(): void {
    for (const key of seen.keys()) if (!isRecent(key)) seen.delete(key);
    sweepAt = seen.size + SWEEP_EVERY;
  }

  return {
    touch(repository, digest) {
      const now = deps.now();
      seen.set(digest, now);
      seen.set(`${repository}@${digest}`, now);
      if (seen.size > sweepAt) sweep();
    },
    has: (repository, digest) => isRecent(`${repository}@${digest}`),
    hasBlob: (digest) => isRecent(digest),
  };
}
