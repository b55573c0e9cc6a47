import { KnownError } from '../errors.ts';
import type { RawHeader, TarHeader } from './header.ts';

/** Records of a pax extended header by key; values are bytes since xattrs are. */
export type PaxRecords = ReadonlyMap<string, Uint8Array>;

const XATTR = 'SCHILY.xattr.';

/** Parses `<length> <key>=<value>\n` records (POSIX pax, "pax Extended Header"). Errors: invalid_parameter. */
export function parsePax(body: Uint8Array): PaxRecords {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  const records = new Map<string, Uint8Array>();
  for (let at = 0; at < bytes.length && bytes[at] !== 0; ) {
    const space = bytes.indexOf(0x20, at);
    const length = space === -1 || space - at > 10 ? Number.NaN : decimal(bytes.toString('latin1', at, space));
    const equals = bytes.indexOf(0x3d, space);
    const end = at + length;
    if (Number.isNaN(length) || equals === -1 || equals >= end || end > bytes.length || bytes[end - 1] !== 0x0a) {
      throw new KnownError('invalid_parameter', 'archive has a malformed extended header');
    }
    records.set(bytes.toString('utf8', space + 1, equals), bytes.subarray(equals + 1, end - 1));
    at = end;
  }
  return records;
}

/** Whole decimal text, with a sign perhaps; NaN for anything else. */
export function decimal(text: string): number {
  return /^-?\d{1,19}$/.test(text) ? Number(text) : Number.NaN;
}

function seconds(text: string): number {
  return /^-?\d{1,19}(?:\.\d*)?$/.test(text) ? Number(text) : Number.NaN;
}

/** A header with the records applied; an empty value leaves what the block says. Errors: invalid_parameter for a malformed number. */
export function applyPax(raw: RawHeader['header'], records: PaxRecords): Omit<TarHeader, 'type'> {
  const text = (key: string): string | undefined => {
    const value = records.get(key);
    return value === undefined || value.length === 0 ? undefined : Buffer.from(value).toString('utf8');
  };
  const number = (key: string, otherwise: number, parse = decimal): number => {
    const value = text(key);
    if (value === undefined) return otherwise;
    const parsed = parse(value);
    if (!(Math.abs(parsed) <= Number.MAX_SAFE_INTEGER))
      throw new KnownError('invalid_parameter', `archive has a malformed ${key}`);
    return parsed;
  };
  const xattrs = Array.from(records).flatMap(([key, value]) =>
    key.startsWith(XATTR) ? [[key.slice(XATTR.length), value] as const] : [],
  );
  return {
    ...raw,
    name: text('path') ?? raw.name,
    linkName: text('linkpath') ?? raw.linkName,
    uid: number('uid', raw.uid),
    gid: number('gid', raw.gid),
    size: number('size', raw.size),
    mtime: number('mtime', raw.mtime, seconds),
    xattrs: Object.fromEntries(xattrs),
  };
}
