import { KnownError } from '../errors.ts';

/** What one archive entry says (POSIX.1-2017 pax, "ustar Interchange Format"; GNU long names and base-256 numbers). */
export interface TarHeader {
  readonly name: string;
  readonly type: TarEntryType;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of content that follow; 0 for everything but files. */
  readonly size: number;
  /** Seconds since the epoch, with fraction. */
  readonly mtime: number;
  readonly linkName: string;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  /** Extended attributes by full name, from pax records SCHILY.xattr.*. */
  readonly xattrs: Readonly<Record<string, Uint8Array>>;
}

export type TarEntryType = 'file' | 'link' | 'symlink' | 'character' | 'block' | 'directory' | 'fifo';

/** A header as it stands in the block, before long names and pax records are applied. */
export interface RawHeader {
  readonly typeflag: string;
  readonly header: Omit<TarHeader, 'type' | 'xattrs'>;
}

export const BLOCK_BYTES = 512;

const TYPES: Readonly<Record<string, TarEntryType>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
};

/** Before ustar a folder was a file whose name ends with a slash. Errors: invalid_parameter for a type that has no meaning here (multi-volume, ...). */
export function entryType(typeflag: string, name: string): TarEntryType {
  const type = TYPES[typeflag];
  if (type === undefined)
    throw new KnownError(
      'invalid_parameter',
      `archive entry ${name.slice(0, 200)} has unsupported type ${JSON.stringify(typeflag)}`,
    );
  return typeflag === '\0' && name.endsWith('/') ? 'directory' : type;
}

/** Parses one block; undefined for a block of zeros (the end mark). Errors: invalid_parameter for a wrong checksum. */
export function parseHeader(block: Uint8Array): RawHeader | undefined {
  if (isZero(block)) return undefined;
  const buffer = Buffer.from(block.buffer, block.byteOffset, BLOCK_BYTES);
  if (checksum(buffer) !== readNumber(buffer, 148, 8))
    throw new KnownError('invalid_parameter', 'archive header has a wrong checksum');
  const ustar = buffer.toString('latin1', 257, 262) === 'ustar';
  const prefix = ustar && buffer[262] === 0 ? readString(buffer, 345, 155) : '';
  const name = readString(buffer, 0, 100);
  return {
    typeflag: String.fromCharCode(buffer[156] ?? 0),
    header: {
      name: prefix === '' ? name : `${prefix}/${name}`,
      mode: readNumber(buffer, 100, 8) & 0o7777,
      uid: readNumber(buffer, 108, 8),
      gid: readNumber(buffer, 116, 8),
      size: readNumber(buffer, 124, 12),
      mtime: readNumber(buffer, 136, 12),
      linkName: readString(buffer, 157, 100),
      deviceMajor: ustar ? readNumber(buffer, 329, 8) : 0,
      deviceMinor: ustar ? readNumber(buffer, 337, 8) : 0,
    },
  };
}

function isZero(block: Uint8Array): boolean {
  for (const byte of block) if (byte !== 0) return false;
  return true;
}

function checksum(block: Buffer): number {
  let sum = 0;
  for (let i = 0; i < BLOCK_BYTES; i++) sum += i >= 148 && i < 156 ? 0x20 : (block[i] ?? 0);
  return sum;
}

function readString(block: Buffer, at: number, length: number): string {
  const end = block.indexOf(0, at);
  return block.toString('utf8', at, end === -1 || end > at + length ? at + length : end);
}

/** Octal text, or GNU base-256 when the first bit is set. */
export function readNumber(block: Buffer, at: number, length: number): number {
  const first = block[at] ?? 0;
  if (first & 0x80) return readBinary(block.subarray(at, at + length), (first & 0x40) !== 0);
  const text = readString(block, at, length).trim();
  if (text === '') return 0;
  if (!/^[0-7]+$/.test(text)) throw new KnownError('invalid_parameter', 'archive header has a malformed number');
  return Number.parseInt(text, 8);
}

function readBinary(bytes: Buffer, negative: boolean): number {
  let value = negative ? -1n : 0n;
  for (const [index, byte] of bytes.entries())
    value = (value << 8n) | BigInt(index === 0 && !negative ? byte & 0x7f : byte);
  const number = Number(value);
  if (!Number.isSafeInteger(number))
    throw new KnownError('invalid_parameter', 'archive header has a number out of range');
  return number;
}
