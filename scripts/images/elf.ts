import { KnownError } from '../../src/lib/errors.ts';

/** What a 64-bit little-endian ELF file asks of the dynamic loader (elf(5)). */
export interface ElfNeeds {
  /** Absolute path of the loader; undefined for libraries and static programs. */
  readonly interpreter: string | undefined;
  /** DT_NEEDED: names of shared libraries. */
  readonly libraries: readonly string[];
}

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const DT_NEEDED = 1;
const DT_STRTAB = 5;

/** Errors: invalid_parameter for anything else than a sound 64-bit little-endian ELF file. */
export function readElfNeeds(bytes: Uint8Array): ElfNeeds {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (file.toString('latin1', 0, 6) !== '\x7fELF\x02\x01')
    throw new KnownError('invalid_parameter', 'not a 64-bit little-endian ELF file');
  const segments = readSegments(file);
  const interpreter = segments.find(({ type }) => type === PT_INTERP);
  const dynamic = readDynamic(file, segments);
  const strings = fileOffset(segments, dynamic.find(({ tag }) => tag === DT_STRTAB)?.value ?? 0);
  return {
    interpreter: interpreter && textAt(file, interpreter.offset),
    libraries: dynamic.filter(({ tag }) => tag === DT_NEEDED).map(({ value }) => textAt(file, strings + value)),
  };
}

function readSegments(file: Buffer): readonly Segment[] {
  const [start, size, count] = [word(file, 32), file.readUInt16LE(54), file.readUInt16LE(56)];
  return Array.from({ length: count }, (_none, index) => {
    const at = start + index * size;
    return {
      type: file.readUInt32LE(at),
      offset: word(file, at + 8),
      address: word(file, at + 16),
      size: word(file, at + 32),
    };
  });
}

function readDynamic(
  file: Buffer,
  segments: readonly Segment[],
): readonly { readonly tag: number; readonly value: number }[] {
  const segment = segments.find(({ type }) => type === PT_DYNAMIC);
  if (segment === undefined) return [];
  return Array.from({ length: Math.floor(segment.size / 16) }, (_none, index) => ({
    tag: word(file, segment.offset + index * 16),
    value: word(file, segment.offset + index * 16 + 8),
  }));
}

/** The dynamic section speaks in addresses of the loaded program. */
function fileOffset(segments: readonly Segment[], address: number): number {
  const home = segments.find(
    (one) => one.type === PT_LOAD && address >= one.address && address < one.address + one.size,
  );
  return home === undefined ? 0 : address - home.address + home.offset;
}

function textAt(file: Buffer, at: number): string {
  return file.toString('latin1', at, file.indexOf(0, at));
}

function word(file: Buffer, at: number): number {
  return Number(file.readBigUInt64LE(at));
}
