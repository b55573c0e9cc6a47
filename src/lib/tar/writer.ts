import { KnownError } from '../errors.ts';
import { BLOCK_BYTES, type TarEntryType, type TarHeader } from './header.ts';

export type NewTarEntry = Pick<TarHeader, 'name' | 'type'> & Partial<TarHeader>;

const FLAGS: Readonly<Record<TarEntryType, string>> = {
  file: '0',
  link: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

/** Header blocks of an entry: ustar, with a pax header before it for what ustar cannot hold. The content and `tarPadding` follow. */
export function tarHeader(entry: NewTarEntry): Uint8Array {
  const full = {
    mode: entry.type === 'directory' ? 0o755 : 0o644,
    uid: 0,
    gid: 0,
    size: 0,
    mtime: 0,
    linkName: '',
    deviceMajor: 0,
    deviceMinor: 0,
    xattrs: {},
    ...entry,
  };
  const records = paxRecords(full);
  const own = ustarBlock(full, FLAGS[full.type]);
  if (records.length === 0) return own;
  const body = Buffer.concat(records);
  const pax = ustarBlock(
    { ...full, name: 'pax', linkName: '', size: body.length, mode: 0o644, mtime: 0, uid: 0, gid: 0 },
    'x',
  );
  return Buffer.concat([pax, body, tarPadding(body.length), own]);
}

/** Zeros that bring content of this size to a block border. */
export function tarPadding(size: number): Uint8Array {
  return new Uint8Array((BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES);
}

/** The end mark. */
export function tarEnd(): Uint8Array {
  return new Uint8Array(2 * BLOCK_BYTES);
}

function paxRecords(entry: TarHeader): readonly Buffer[] {
  const records: Buffer[] = [];
  const add = (key: string, value: string | Uint8Array): void => void records.push(paxRecord(key, Buffer.from(value)));
  if (Buffer.byteLength(entry.name) > 100) add('path', entry.name);
  if (Buffer.byteLength(entry.linkName) > 100) add('linkpath', entry.linkName);
  if (entry.size > 0o77777777777) add('size', String(entry.size));
  if (entry.uid > 0o7777777) add('uid', String(entry.uid));
  if (entry.gid > 0o7777777) add('gid', String(entry.gid));
  if (!Number.isInteger(entry.mtime) || entry.mtime < 0) add('mtime', String(entry.mtime));
  for (const name of Object.keys(entry.xattrs).sort())
    add(`SCHILY.xattr.${name}`, entry.xattrs[name] ?? new Uint8Array());
  return records;
}

/** The length in a record counts its own digits. */
function paxRecord(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
  let length = rest.length + String(rest.length).length;
  if (rest.length + String(length).length !== length) length = rest.length + String(length).length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function ustarBlock(entry: Omit<TarHeader, 'type' | 'xattrs'>, flag: string): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, at: number, length: number, limit: number): void => {
    const text = Math.max(0, Math.floor(value > limit ? 0 : value))
      .toString(8)
      .padStart(length - 1, '0');
    if (text.length >= length)
      throw new KnownError('invalid_parameter', `archive entry ${entry.name} has a number out of range`);
    block.write(`${text}\0`, at, 'latin1');
  };
  Buffer.from(entry.name).copy(block, 0, 0, 100);
  octal(entry.mode, 100, 8, 0o7777777);
  octal(entry.uid, 108, 8, 0o7777777);
  octal(entry.gid, 116, 8, 0o7777777);
  octal(entry.size, 124, 12, 0o77777777777);
  octal(entry.mtime, 136, 12, 0o77777777777);
  block.write('        ', 148, 'latin1');
  block.write(flag, 156, 'latin1');
  Buffer.from(entry.linkName).copy(block, 157, 0, 100);
  block.write('ustar\x0000', 257, 'latin1');
  octal(entry.deviceMajor, 329, 8, 0o7777777);
  octal(entry.deviceMinor, 337, 8, 0o7777777);
  let sum = 0;
  for (let at = 0; at < BLOCK_BYTES; at++) sum += block[at] ?? 0; // reduce takes most of the time of a layer of small files
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}
