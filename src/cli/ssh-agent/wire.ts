/** Numbers and strings as SSH writes them (RFC 4251, section 5). */
import { KnownError } from '../../lib/errors.ts';

export interface SshReader {
  uint32(): number;
  /** Bytes with their length before them. */
  string(): Buffer;
  text(): string;
  /** An integer without its sign's zero. */
  integer(): Buffer;
  rest(): Buffer;
}

/** Errors of its methods: invalid_parameter where the bytes end too early. */
export function createSshReader(bytes: Buffer): SshReader {
  let at = 0;
  const take = (count: number): Buffer => {
    if (at + count > bytes.length) throw new KnownError('invalid_parameter', 'ssh: the data ends too early');
    at += count;
    return bytes.subarray(at - count, at);
  };
  const uint32 = (): number => take(4).readUInt32BE();
  const string = (): Buffer => take(uint32());
  return {
    uint32,
    string,
    text: () => string().toString('latin1'),
    integer: () => withoutZeros(string()),
    rest: () => bytes.subarray(at),
  };
}

export function sshUint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function sshString(value: Uint8Array | string): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'latin1') : value;
  return Buffer.concat([sshUint32(bytes.length), bytes]);
}

/** A positive integer: no zeros before it but the one that keeps it positive. */
export function sshInteger(value: Buffer): Buffer {
  const bytes = withoutZeros(value);
  return sshString((bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes);
}

function withoutZeros(bytes: Buffer): Buffer {
  let at = 0;
  while (at < bytes.length && bytes[at] === 0) at += 1;
  return bytes.subarray(at);
}
