import type { Digest } from '../../oci/digest.ts';
import { digestHex } from '../../oci/digest.ts';
import type { Descriptor } from '../content/content-store.ts';
import type { ImageRecord, ImageRecords } from './image-records.ts';

interface Kept {
  readonly target: Descriptor;
  readonly createdAtMs: number;
  taggedAtMs: number | undefined;
}

/** Image records in memory. */
export function createFakeImageRecords(): ImageRecords {
  const images = new Map<Digest, Kept>();
  const names = new Map<string, Digest>();
  const namesOf = (digest: Digest): string[] =>
    [...names].flatMap(([name, of]) => (of === digest ? [name] : [])).sort();
  const record = (digest: Digest): ImageRecord | undefined => {
    const kept = images.get(digest);
    return kept && { ...kept, names: namesOf(digest) };
  };
  const list = (): ImageRecord[] =>
    [...images.keys()]
      .flatMap((digest) => record(digest) ?? [])
      .sort((a, b) => a.createdAtMs - b.createdAtMs || (a.target.digest < b.target.digest ? -1 : 1));
  return {
    list,
    find: record,
    findByName: (name) => {
      const digest = names.get(name);
      return digest && record(digest);
    },
    findByPrefix: (prefix) =>
      list()
        .filter(({ target }) => digestHex(target.digest).startsWith(prefix))
        .slice(0, 2),
    put: (target, given, nowMs) => {
      const kept = images.get(target.digest) ?? { target, createdAtMs: nowMs, taggedAtMs: undefined };
      if (given.length > 0) kept.taggedAtMs = nowMs;
      images.set(target.digest, kept);
      for (const name of given) names.set(name, target.digest);
    },
    removeName: (name) => {
      names.delete(name);
    },
    remove: (digest) => {
      images.delete(digest);
      for (const name of namesOf(digest)) names.delete(name);
    },
  };
}
