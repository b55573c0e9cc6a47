/** Netlink messages as bytes (netlink(7), rtnetlink(7)); little-endian, as every machine this runs on. */
export const NLM_F_REQUEST = 1;
export const NLM_F_ACK = 4;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
export const NLMSG_ERROR = 2;

export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
export const RTM_NEWADDR = 20;
export const RTM_NEWROUTE = 24;
export const RTM_DELROUTE = 25;

const HEADER_BYTES = 16;

function align(length: number): number {
  return (length + 3) & ~3;
}

/** A whole message; `body` is the fixed part with the attributes behind it. */
export function netlinkMessage(type: number, flags: number, sequence: number, body: Buffer): Buffer {
  const message = Buffer.alloc(HEADER_BYTES + align(body.length));
  message.writeUInt32LE(HEADER_BYTES + body.length, 0);
  message.writeUInt16LE(type, 4);
  message.writeUInt16LE(flags, 6);
  message.writeUInt32LE(sequence, 8);
  body.copy(message, HEADER_BYTES);
  return message;
}

/** struct rtattr: length, type, value, padding. */
export function attribute(type: number, value: Uint8Array): Buffer {
  const bytes = Buffer.alloc(align(4 + value.length));
  bytes.writeUInt16LE(4 + value.length, 0);
  bytes.writeUInt16LE(type, 2);
  Buffer.from(value).copy(bytes, 4);
  return bytes;
}

export function textAttribute(type: number, text: string): Buffer {
  return attribute(type, Buffer.from(`${text}\0`));
}

export function numberAttribute(type: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return attribute(type, bytes);
}

export function shortAttribute(type: number, value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return attribute(type, bytes);
}

/** struct ifinfomsg. */
export function linkInfo(index: number, flags: number, change: number): Buffer {
  const info = Buffer.alloc(16);
  info.writeInt32LE(index, 4);
  info.writeUInt32LE(flags, 8);
  info.writeUInt32LE(change, 12);
  return info;
}

const AF_INET = 2;
const AF_INET6 = 10;
/** IPv6: usable at once, without asking the neighbours whether somebody has it. */
const IFA_F_NODAD = 2;

function familyNumber(family: 4 | 6): number {
  return family === 4 ? AF_INET : AF_INET6;
}

/** struct ifaddrmsg. */
export function addressInfo(family: 4 | 6, prefixLength: number, index: number): Buffer {
  const info = Buffer.alloc(8);
  info.writeUInt8(familyNumber(family), 0);
  info.writeUInt8(prefixLength, 1);
  info.writeUInt8(family === 6 ? IFA_F_NODAD : 0, 2);
  info.writeUInt32LE(index, 4);
  return info;
}

const SCOPES = { universe: 0, link: 253, any: 255 } as const;

/**
 * struct rtmsg of a default unicast route: main table, boot protocol; through a gateway (universe), by a link alone (link), or, to remove
 * it, either (RT_SCOPE_NOWHERE).
 */
export function defaultRouteInfo(family: 4 | 6, scope: keyof typeof SCOPES): Buffer {
  const protocol = scope === 'any' ? 0 : 3;
  return Buffer.from([familyNumber(family), 0, 0, 0, 254, protocol, SCOPES[scope], 1, 0, 0, 0, 0]);
}

/** The errno of an acknowledgement; 0: success. */
export function acknowledgement(answer: Buffer): number {
  if (answer.readUInt16LE(4) !== NLMSG_ERROR) return 0;
  return -answer.readInt32LE(HEADER_BYTES);
}

/** Four bytes, or sixteen: `ip` is an address without a zone, IPv6 with hexadecimal groups alone. */
export function ipBytes(ip: string): Buffer {
  if (!ip.includes(':')) return Buffer.from(ip.split('.').map(Number));
  const [head = '', tail] = ip.split('::');
  const groups = (text: string): readonly string[] => (text === '' ? [] : text.split(':'));
  const [first, last] = [groups(head), groups(tail ?? '')];
  const gap = Array.from({ length: tail === undefined ? 0 : 8 - first.length - last.length }, () => '0');
  return Buffer.from([...first, ...gap, ...last].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

export function familyOfIp(ip: string): 4 | 6 {
  return ip.includes(':') ? 6 : 4;
}
