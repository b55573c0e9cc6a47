import type { IdMapRange } from '../../lib/id-map.ts';
import type { IdMapping } from '../../store/record/container-records.ts';
import { invalid } from './errors.ts';

/** The words behind the second colon of a `-v`, of which Docker takes one of each kind (volume/mounts of moby), and `idmap`, which is ours. */
export interface MountMode {
  readonly readOnly: boolean;
  readonly propagation?: string;
  readonly noCopy: boolean;
  readonly idMapping?: IdMapping;
}

export const PROPAGATIONS = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'];
const KINDS: readonly (readonly string[])[] = [
  ['ro', 'rw'],
  ['z', 'Z'],
  PROPAGATIONS,
  ['nocopy'],
  ['consistent', 'cached', 'delegated'],
];
/** Ids are 32 bits wide, and the last one means none. */
const ID_COUNT = 0xffff_ffff;
/** Lines of a map, user_namespaces(7). */
const RANGES_MAX = 300;

/** Undefined for words that are unknown, or of which there are two of one kind. Errors: invalid_parameter for a malformed `idmap=`. */
export function parseMode(text: string): MountMode | undefined {
  const words = text === '' ? [] : text.split(',');
  const maps = words.filter(isIdMap);
  const plain = words.filter((word) => !isIdMap(word));
  if (maps.length > 1 || !plain.every((word) => KINDS.some((kind) => kind.includes(word)))) return undefined;
  if (KINDS.some((kind) => plain.filter((word) => kind.includes(word)).length > 1)) return undefined;
  const propagation = plain.find((word) => PROPAGATIONS.includes(word));
  return {
    readOnly: plain.includes('ro'),
    ...(propagation !== undefined && { propagation }),
    noCopy: plain.includes('nocopy'),
    ...(maps[0] !== undefined && { idMapping: parseIdMapping(maps[0].slice('idmap='.length)) }),
  };
}

function isIdMap(word: string): boolean {
  return word === 'idmap' || word.startsWith('idmap=');
}

/**
 * `owner` or nothing: the owner of the source appears as the container's user and the other way round. `uids=DISK-SEEN-COUNT#...;gids=...`:
 * those ids and no others; without gids the same holds for both. Errors: invalid_parameter.
 */
export function parseIdMapping(text: string): IdMapping {
  if (text === '' || text === 'owner') return { kind: 'owner' };
  const parts = new Map(
    text.split(';').map((part) => {
      const at = part.indexOf('=');
      return [part.slice(0, Math.max(at, 0)), part.slice(at + 1)];
    }),
  );
  const uids = parts.get('uids');
  const known = [...parts.keys()].every((key) => key === 'uids' || key === 'gids');
  if (uids === undefined || !known)
    throw invalid(`invalid idmap '${text}': it must be empty, owner, or uids=DISK-SEEN-COUNT[#...][;gids=...]`);
  return { kind: 'ranges', uids: parseRanges(uids, text), gids: parseRanges(parts.get('gids') ?? uids, text) };
}

function parseRanges(text: string, whole: string): readonly IdMapRange[] {
  const ranges = text.split('#').map((part): IdMapRange => {
    const [, disk = '', seen = '', count = ''] = /^(\d{1,10})-(\d{1,10})-(\d{1,10})$/.exec(part) ?? [];
    const range = { disk: Number(disk), seen: Number(seen), count: Number(count) };
    if (count === '' || range.count === 0 || Math.max(range.disk, range.seen) + range.count > ID_COUNT)
      throw invalid(`invalid idmap '${whole}': '${part}' is not DISK-SEEN-COUNT`);
    return range;
  });
  const meet = (key: 'disk' | 'seen'): boolean =>
    ranges.some((a, at) => ranges.slice(at + 1).some((b) => a[key] < b[key] + b.count && b[key] < a[key] + a.count));
  if (ranges.length > RANGES_MAX || meet('disk') || meet('seen'))
    throw invalid(`invalid idmap '${whole}': ranges overlap, or there are more than ${RANGES_MAX}`);
  return ranges;
}

/** Every id as it is, but that `a` and `b` have changed places. */
export function swapIds(a: number, b: number): readonly IdMapRange[] {
  if (a === b) return [{ disk: 0, seen: 0, count: ID_COUNT }];
  const [low, high] = a < b ? [a, b] : [b, a];
  const same = (from: number, to: number): IdMapRange => ({ disk: from, seen: from, count: to - from });
  return [
    same(0, low),
    { disk: low, seen: high, count: 1 },
    same(low + 1, high),
    { disk: high, seen: low, count: 1 },
    same(high + 1, ID_COUNT),
  ].filter(({ count }) => count > 0);
}
