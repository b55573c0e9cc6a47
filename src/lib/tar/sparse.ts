import { KnownError } from '../errors.ts';
import { BLOCK_BYTES, readNumber } from './header.ts';
import { decimal, type PaxRecords } from './pax.ts';

/** Where the stored pieces of a sparse file belong; all between is zeros (GNU tar manual, "Storing Sparse Files"). */
export interface SparseMap {
  readonly segments: readonly SparseSegment[];
  readonly realSize: number;
  /** The map stands before the data, as text (format 1.0): `segments` is empty. */
  readonly inData?: boolean;
}

interface SparseSegment {
  readonly offset: number;
  readonly size: number;
}

/** Takes the content of a sparse entry as stored and gives it on as it is meant. */
export interface SparseReader {
  data(piece: Uint8Array): void;
  /** The rest is a hole. Errors: invalid_parameter when stored data is missing. */
  end(): void;
}

const MAX_SEGMENTS = 200_000;
/** More than a file of a real disk can be. */
const MAX_REAL_BYTES = 2 ** 50;
/** Longest text of a map of format 1.0. */
const MAP_BYTES = 8 * 1024 * 1024;

/** The old format's header block: four segments, whether an extension block follows, and the real size. */
export function parseOldSparse(block: Buffer): { readonly map: SparseMap; readonly extended: boolean } {
  const map = { segments: segmentsIn(block, 386, 4), realSize: readNumber(block, 483, 12) };
  return { map, extended: block[482] !== 0 };
}

/** An extension block of the old format: 21 segments, and whether another one follows. */
export function extendSparse(map: SparseMap, block: Buffer): { readonly map: SparseMap; readonly extended: boolean } {
  const segments = [...map.segments, ...segmentsIn(block, 0, 21)];
  if (segments.length > MAX_SEGMENTS) throw malformed();
  return { map: { ...map, segments }, extended: block[504] !== 0 };
}

/** What pax records say of a sparse file, formats 0.1 and 1.0; undefined when it is none. Errors: invalid_parameter for format 0.0. */
export function paxSparse(
  records: PaxRecords,
): { readonly map: SparseMap; readonly name: string | undefined } | undefined {
  const text = (key: string): string | undefined => {
    const value = records.get(`GNU.sparse.${key}`);
    return value && Buffer.from(value).toString('utf8');
  };
  const number = (key: string): number => {
    const value = decimal(text(key) ?? '');
    if (!Number.isSafeInteger(value) || value < 0) throw malformed();
    return value;
  };
  if (text('major') === '1' && text('minor') === '0')
    return { map: { segments: [], realSize: number('realsize'), inData: true }, name: text('name') };
  const list = text('map');
  if (list !== undefined) {
    const numbers = list === '' ? [] : list.split(',').map(decimal);
    return { map: { segments: pairs(numbers), realSize: number('size') }, name: text('name') };
  }
  if (text('major') === undefined && text('numblocks') === undefined) return undefined;
  throw new KnownError('invalid_parameter', 'archive has a sparse file of an unsupported format');
}

export function createSparseReader(map: SparseMap, sink: SparseSink): SparseReader {
  let segments = map.inData ? undefined : checked(map.segments, map.realSize);
  let text = Buffer.alloc(0); // the map of format 1.0 so far
  let skip = 0; // up to the block border after it
  let at = 0; // segment
  let done = 0; // bytes of it
  let position = 0; // in the real file

  const hole = (to: number): void => {
    const size = to - position;
    position = to;
    if (size > 0) sink.hole(size);
  };
  const readMap = (piece: Uint8Array): Uint8Array => {
    text = Buffer.concat([text, piece]);
    if (text.length > MAP_BYTES) throw malformed();
    const found = mapIn(text);
    if (found === undefined) return piece.subarray(piece.length);
    segments = checked(found.segments, map.realSize);
    const padded = Math.ceil(found.bytes / BLOCK_BYTES) * BLOCK_BYTES;
    skip = Math.max(0, padded - text.length);
    return text.subarray(Math.min(padded, text.length));
  };
  const place = (given: Uint8Array): void => {
    let piece = given;
    while (piece.length > 0) {
      const segment = segments?.[at];
      if (segment === undefined) throw malformed();
      hole(segment.offset + done);
      const part = piece.subarray(0, segment.size - done);
      if (part.length > 0) sink.data(part);
      position += part.length;
      done += part.length;
      piece = piece.subarray(part.length);
      if (done === segment.size) {
        at++;
        done = 0;
      }
    }
  };
  return {
    data(given) {
      let piece = segments === undefined ? readMap(given) : given;
      const skipped = Math.min(skip, piece.length);
      skip -= skipped;
      piece = piece.subarray(skipped);
      place(piece);
    },
    end() {
      while (segments?.[at]?.size === 0) at++;
      if (segments === undefined || at < segments.length) throw malformed();
      hole(map.realSize);
    },
  };
}

/** Who gets the content. */
export interface SparseSink {
  data(piece: Uint8Array): void;
  hole(sizeBytes: number): void;
}

function segmentsIn(block: Buffer, from: number, count: number): readonly SparseSegment[] {
  const found: SparseSegment[] = [];
  for (let n = 0; n < count; n++) {
    const start = from + n * 24;
    if (block[start] === 0) break;
    found.push({ offset: readNumber(block, start, 12), size: readNumber(block, start + 12, 12) });
  }
  return found;
}

/** `count\noffset\nsize\n...`; undefined while it is not complete. */
function mapIn(text: Buffer): { readonly segments: readonly SparseSegment[]; readonly bytes: number } | undefined {
  const numbers: number[] = [];
  let wanted = 1;
  let start = 0;
  while (numbers.length < wanted) {
    const end = text.indexOf(0x0a, start);
    if (end === -1) return undefined;
    const number = decimal(text.toString('latin1', start, end));
    if (numbers.length === 0) {
      if (!(number >= 0 && number <= MAX_SEGMENTS)) throw malformed();
      wanted = 1 + 2 * number;
    }
    numbers.push(number);
    start = end + 1;
  }
  return { segments: pairs(numbers.slice(1)), bytes: start };
}

function pairs(numbers: readonly number[]): readonly SparseSegment[] {
  if (numbers.length % 2 !== 0) throw malformed();
  return Array.from({ length: numbers.length / 2 }, (_, n) => ({
    offset: numbers[2 * n] ?? 0,
    size: numbers[2 * n + 1] ?? 0,
  }));
}

/** In order, apart, and within the file. */
function checked(segments: readonly SparseSegment[], realSize: number): readonly SparseSegment[] {
  let end = 0;
  if (segments.length > MAX_SEGMENTS || !(realSize >= 0 && realSize <= MAX_REAL_BYTES)) throw malformed();
  for (const { offset, size } of segments) {
    if (
      !Number.isSafeInteger(offset) ||
      !Number.isSafeInteger(size) ||
      size < 0 ||
      offset < end ||
      offset + size > realSize
    )
      throw malformed();
    end = offset + size;
  }
  return segments;
}

function malformed(): KnownError {
  return new KnownError('invalid_parameter', 'archive has a malformed sparse file');
}
