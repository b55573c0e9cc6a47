import { type NewTarEntry, tarEnd, tarHeader, tarPadding } from '../../../src/lib/tar/writer.ts';

/** An entry that our own writer makes. */
export function entry(header: NewTarEntry, content: string | Uint8Array = ''): Buffer {
  const body = Buffer.from(content);
  const size = header.type === 'file' ? body.length : 0;
  return Buffer.concat([tarHeader({ ...header, size }), body, tarPadding(body.length)]);
}

/** A block that no honest writer makes: `at` is patched over a header, and the checksum set right again. */
export function patched(
  header: NewTarEntry,
  ...patches: readonly (readonly [at: number, bytes: string | Uint8Array])[]
): Buffer {
  const block = Buffer.from(tarHeader(header));
  for (const [at, bytes] of patches) Buffer.from(bytes).copy(block, at);
  return summed(block);
}

/** The block with the checksum it needs. */
export function summed(block: Buffer): Buffer {
  block.write('        ', 148, 'latin1');
  const sum = block.reduce((all, byte) => all + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

export const AT = { size: 124, typeflag: 156, linkName: 157 } as const;

/** A header of its own kind (`x`, `g`, `L`, `K`) and its body. */
export function special(typeflag: string, body: Uint8Array): Buffer {
  const block = patched({ name: 'special', type: 'file', size: body.length }, [AT.typeflag, typeflag]);
  return Buffer.concat([block, body, tarPadding(body.length)]);
}

/** One pax record as it stands. */
export function record(key: string, value: string | Uint8Array): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from('\n')]);
  let length = rest.length + 1;
  while (rest.length + String(length).length !== length) length++;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

export function pax(...records: readonly (readonly [string, string | Uint8Array])[]): Buffer {
  return special('x', Buffer.concat(records.map(([key, value]) => record(key, value))));
}

/** GNU base-256 of 12 bytes. */
export function base256(value: bigint): Buffer {
  const bytes = Buffer.alloc(12, value < 0n ? 0xff : 0);
  let left = value < 0n ? (1n << 96n) + value : value;
  for (let at = 11; at >= 0; at--, left >>= 8n) bytes[at] = Number(left & 0xffn);
  bytes[0] = (bytes[0] ?? 0) | 0x80;
  return bytes;
}

export function tar(...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat([...parts, tarEnd()]);
}
