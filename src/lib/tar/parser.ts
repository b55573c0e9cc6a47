import { KnownError } from '../errors.ts';
import { BLOCK_BYTES, entryType, parseHeader, type TarHeader } from './header.ts';
import { applyPax, type PaxRecords, parsePax } from './pax.ts';
import {
  createSparseReader,
  extendSparse,
  parseOldSparse,
  paxSparse,
  type SparseMap,
  type SparseReader,
} from './sparse.ts';

/** Receives what an archive holds, in order. Calls are synchronous: what they throw comes out of `write`. */
export interface TarSink {
  entry(header: TarHeader): void;
  /** Content of the last entry, in pieces that are valid only during the call. */
  data(piece: Uint8Array): void;
  /** Zeros in the content of a sparse file, perhaps far more of them than there is disk: what is made of them has to be bounded. */
  hole(sizeBytes: number): void;
  /** The last entry is complete. */
  entryEnd(): void;
}

/**
 * Incremental archive parser: pure, bounded, without copies of content. Where readers differ it reads as Go's `archive/tar` does: global
 * headers say nothing of entries, the last extended header counts, and GNU's long names win over it.
 */
export interface TarParser {
  write(chunk: Uint8Array): void;
  /** Errors: invalid_parameter when the archive is cut off. */
  end(): void;
}

/** Largest extended header or long name that is accepted. */
const METADATA_BYTES = 1024 * 1024;
/** Longest name and link target: PATH_MAX. */
const PATH_BYTES = 4096;

/** Type of a sparse file in GNU's own format. */
const OLD_SPARSE = 'S';

/** What GNU's headers for long names said of the next entry. */
interface LongNames {
  readonly name?: string;
  readonly linkName?: string;
}

type Metadata = { readonly kind: 'pax' | 'global' | 'longName' | 'longLink'; readonly body: Buffer; filled: number };

export function createTarParser(sink: TarSink): TarParser {
  const block = Buffer.alloc(BLOCK_BYTES);
  let filled = 0;
  let content = 0; // bytes of the current entry still to come
  let padding = 0; // bytes up to the next block border
  let inEntry = false;
  let ended = false;
  let sparse: SparseReader | undefined; // of the current entry
  let extending: { readonly header: TarHeader; readonly stored: number; readonly map: SparseMap } | undefined;
  let metadata: Metadata | undefined;
  let zeroBlock = false; // the first of the two that end an archive
  let records: PaxRecords = new Map(); // for the next entry
  let long: LongNames = {};

  // What a header says replaces what an earlier one said, so that headers without an entry do not pile up.
  const finishMetadata = ({ kind, body }: Metadata): void => {
    metadata = undefined;
    const text = body.subarray(0, body.indexOf(0) === -1 ? body.length : body.indexOf(0)).toString('utf8');
    if (kind === 'pax') records = parsePax(body);
    else if (kind === 'longName') long = { ...long, name: text };
    else if (kind === 'longLink') long = { ...long, linkName: text };
  };
  const beginMetadata = (kind: Metadata['kind'], size: number): void => {
    if (size > METADATA_BYTES || size < 0)
      throw new KnownError('invalid_parameter', 'archive has an extended header that is too large');
    metadata = { kind, body: Buffer.alloc(size), filled: 0 };
    start(size);
    if (size === 0) finishMetadata(metadata);
  };
  const takeBlock = (): void => {
    if (extending) return extend(extending);
    const raw = parseHeader(block);
    if (raw === undefined) {
      ended = zeroBlock;
      zeroBlock = true;
      return;
    }
    if (zeroBlock) throw new KnownError('invalid_parameter', 'archive goes on after a block of zeros');
    const kind = METADATA_KINDS[raw.typeflag];
    if (kind !== undefined) return beginMetadata(kind, raw.header.size);
    const merged = { ...applyPax(raw.header, records), ...long };
    const known = paxSparse(records);
    records = new Map();
    long = {};
    for (const path of [merged.name, merged.linkName, known?.name ?? ''])
      if (Buffer.byteLength(path) > PATH_BYTES)
        throw new KnownError('invalid_parameter', `archive has a path that is too long: ${path.slice(0, 200)}`);
    const type = raw.typeflag === OLD_SPARSE ? 'file' : entryType(raw.typeflag, merged.name);
    const size = type === 'file' ? merged.size : 0;
    if (size < 0) throw new KnownError('invalid_parameter', `archive entry ${merged.name} has a negative size`);
    const header = { ...merged, type, size };
    if (raw.typeflag === OLD_SPARSE) {
      const { map, extended } = parseOldSparse(block);
      if (extended) extending = { header, stored: size, map };
      else begin(header, size, map);
      return;
    }
    if (known) begin({ ...header, name: known.name ?? header.name }, size, known.map);
    else begin(header, size, undefined);
  };
  const extend = (waiting: NonNullable<typeof extending>): void => {
    const { map, extended } = extendSparse(waiting.map, block);
    extending = extended ? { ...waiting, map } : undefined;
    if (!extended) begin(waiting.header, waiting.stored, map);
  };
  const begin = (header: TarHeader, stored: number, map: SparseMap | undefined): void => {
    sink.entry(map ? { ...header, size: map.realSize } : header);
    sparse = map && createSparseReader(map, sink);
    inEntry = true;
    start(stored);
    if (stored === 0) finishEntry();
  };
  const start = (size: number): void => {
    content = size;
    padding = (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;
  };
  const finishEntry = (): void => {
    inEntry = false;
    sparse?.end();
    sparse = undefined;
    sink.entryEnd();
  };
  const takeContent = (piece: Uint8Array): void => {
    content -= piece.length;
    if (metadata) {
      metadata.body.set(piece, metadata.filled);
      metadata.filled += piece.length;
      if (content === 0) finishMetadata(metadata);
    } else {
      (sparse ?? sink).data(piece);
      if (content === 0) finishEntry();
    }
  };

  return {
    write(chunk) {
      for (let at = 0; at < chunk.length && !ended; ) {
        if (content > 0) {
          const piece = chunk.subarray(at, at + content);
          at += piece.length;
          takeContent(piece);
        } else if (padding > 0) {
          const skipped = Math.min(padding, chunk.length - at);
          padding -= skipped;
          at += skipped;
        } else {
          const piece = chunk.subarray(at, at + BLOCK_BYTES - filled);
          block.set(piece, filled);
          filled += piece.length;
          at += piece.length;
          if (filled === BLOCK_BYTES) {
            filled = 0;
            takeBlock();
          }
        }
      }
    },
    end() {
      const announced = records.size > 0 || long.name !== undefined || long.linkName !== undefined;
      if (content > 0 || metadata || inEntry || filled > 0 || extending || announced)
        throw new KnownError('invalid_parameter', 'archive ends in the middle of an entry');
    },
  };
}

const METADATA_KINDS: Readonly<Record<string, Metadata['kind']>> = {
  x: 'pax',
  g: 'global',
  L: 'longName',
  K: 'longLink',
};
