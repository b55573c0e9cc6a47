import { KnownError } from './errors.ts';

/**
 * How numbers of users and groups inside of a user namespace, or on a disk, appear outside, or through a mount (user_namespaces(7),
 * mount_setattr(2)).
 */
export interface IdMap {
  readonly uids: readonly IdMapRange[];
  readonly gids: readonly IdMapRange[];
}

/** `count` numbers: the first as it is on the disk (or inside), and as it is seen (or outside). */
export interface IdMapRange {
  readonly disk: number;
  readonly seen: number;
  readonly count: number;
}

/** What the kernel shows for numbers that have no other: the host's `nobody`. */
const OVERFLOW_ID = 65_534;

/** What is seen of a number on the disk; undefined: it has no other. */
export function toSeen(ranges: readonly IdMapRange[], disk: number): number | undefined {
  const range = ranges.find((one) => disk >= one.disk && disk < one.disk + one.count);
  return range && range.seen + (disk - range.disk);
}

/** The other way round. */
export function toDisk(ranges: readonly IdMapRange[], seen: number): number | undefined {
  return toSeen(inverted(ranges), seen);
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** What is seen of an owner. Errors: invalid_parameter for one that has no other number. */
export function ownerSeen({ uids, gids }: IdMap, { uid, gid }: Owner): Owner {
  const seen = { uid: toSeen(uids, uid), gid: toSeen(gids, gid) };
  if (seen.uid === undefined)
    throw new KnownError('invalid_parameter', `container UID ${uid} cannot be mapped to a host UID`);
  if (seen.gid === undefined)
    throw new KnownError('invalid_parameter', `container GID ${gid} cannot be mapped to a host GID`);
  return { uid: seen.uid, gid: seen.gid };
}

/** The other way round; who has no number is nobody, as the kernel shows him. */
export function ownerOnDisk({ uids, gids }: IdMap, { uid, gid }: Owner): Owner {
  return { uid: toDisk(uids, uid) ?? OVERFLOW_ID, gid: toDisk(gids, gid) ?? OVERFLOW_ID };
}

/** First through `inner`, then through `outer`, as one. What `outer` does not have is left out. */
export function composeRanges(inner: readonly IdMapRange[], outer: readonly IdMapRange[]): readonly IdMapRange[] {
  return inner.flatMap((a) =>
    outer.flatMap((b): readonly IdMapRange[] => {
      const from = Math.max(a.seen, b.disk);
      const count = Math.min(a.seen + a.count, b.disk + b.count) - from;
      return count > 0 ? [{ disk: a.disk + (from - a.seen), seen: b.seen + (from - b.disk), count }] : [];
    }),
  );
}

function inverted(ranges: readonly IdMapRange[]): readonly IdMapRange[] {
  return ranges.map(({ disk, seen, count }) => ({ disk: seen, seen: disk, count }));
}
