import { isIPv6 } from 'node:net';
import { attribute, NLM_F_ACK, NLM_F_REQUEST, netlinkMessage } from './message.ts';

/** Messages about tracked UDP flows (linux/netfilter/nfnetlink_conntrack.h). Numbers inside of attributes are big-endian. */

/** A flow as its first datagram was, and where answers come from: another address when it is translated. */
export interface UdpFlow {
  readonly to: string;
  readonly toPort: number;
  readonly answeredBy: string;
  readonly answeredByPort: number;
  /** Its first tuple as the kernel said it. */
  readonly tuple: Buffer;
  readonly family: number;
}

const SUBSYSTEM = 1 << 8;
const [NEW, GET, DELETE] = [0, 1, 2];
const NLM_F_DUMP = 0x300;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const CTA = { TUPLE_ORIG: 1, TUPLE_REPLY: 2, FILTER: 25 } as const;
const TUPLE = { IP: 1, PROTO: 2 } as const;
const PROTO = { NUM: 1, SRC_PORT: 2, DST_PORT: 3 } as const;
const FILTER_ORIG_FLAGS = 1;
/** Which parts of the tuple a dump is filtered by: protocol and destination port (net/netfilter/nf_internals.h). */
const BY_PROTOCOL_AND_PORT = (1 << 3) | (1 << 5);
const NESTED = 0x8000;
const UDP = 17;
export const AF = { INET: 2, INET6: 10 } as const;

/** Asks for the flows to a port. */
export function formatDump(family: number, port: number, sequence: number): Buffer {
  const proto = Buffer.concat([attribute(PROTO.NUM, Buffer.from([UDP])), attribute(PROTO.DST_PORT, bigEndian16(port))]);
  const flags = Buffer.alloc(4);
  flags.writeUInt32LE(BY_PROTOCOL_AND_PORT);
  const body = [
    attribute(CTA.TUPLE_ORIG | NESTED, attribute(TUPLE.PROTO | NESTED, proto)),
    attribute(CTA.FILTER | NESTED, attribute(FILTER_ORIG_FLAGS, flags)),
  ];
  return message(GET, family, NLM_F_DUMP, sequence, body);
}

/** Ends one flow. */
export function formatDelete({ family, tuple }: UdpFlow, sequence: number): Buffer {
  return message(DELETE, family, NLM_F_ACK, sequence, [attribute(CTA.TUPLE_ORIG | NESTED, tuple)]);
}

/** What one datagram of a dump says. */
export function parseFlows(bytes: Buffer): {
  readonly flows: readonly UdpFlow[];
  readonly done: boolean;
  /** Of a refused request; 0: none. */
  readonly errno: number;
} {
  const flows: UdpFlow[] = [];
  for (let at = 0; at + 16 <= bytes.length; ) {
    const length = bytes.readUInt32LE(at);
    const type = bytes.readUInt16LE(at + 4);
    if (type === NLMSG_DONE) return { flows, done: true, errno: 0 };
    if (type === NLMSG_ERROR) return { flows, done: true, errno: -bytes.readInt32LE(at + 16) };
    const flow = type === (SUBSYSTEM | NEW) ? parseFlow(bytes.subarray(at + 16, at + length)) : undefined;
    if (flow) flows.push(flow);
    at += (length + 3) & ~3;
  }
  return { flows, done: false, errno: 0 };
}

function parseFlow(body: Buffer): UdpFlow | undefined {
  const family = body.readUInt8(0);
  const parts = attributes(body.subarray(4));
  const [tuple, reply] = [parts.get(CTA.TUPLE_ORIG), parts.get(CTA.TUPLE_REPLY)];
  const first = tuple && parseTuple(tuple);
  const back = reply && parseTuple(reply);
  if (!tuple || !first || !back) return undefined;
  return {
    family,
    tuple: Buffer.from(tuple),
    to: first.to,
    toPort: first.toPort,
    answeredBy: back.from,
    answeredByPort: back.fromPort,
  };
}

function parseTuple(tuple: Buffer) {
  const parts = attributes(tuple);
  const ip = attributes(parts.get(TUPLE.IP) ?? Buffer.alloc(0));
  const proto = attributes(parts.get(TUPLE.PROTO) ?? Buffer.alloc(0));
  if (proto.get(PROTO.NUM)?.readUInt8(0) !== UDP) return undefined;
  const address = (v4: number, v6: number): string => formatAddress(ip.get(v4) ?? ip.get(v6) ?? Buffer.alloc(0));
  return {
    from: address(1, 3),
    to: address(2, 4),
    fromPort: proto.get(PROTO.SRC_PORT)?.readUInt16BE(0) ?? 0,
    toPort: proto.get(PROTO.DST_PORT)?.readUInt16BE(0) ?? 0,
  };
}

function attributes(bytes: Buffer): ReadonlyMap<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16LE(at);
    if (length < 4) break;
    found.set(bytes.readUInt16LE(at + 2) & 0x3fff, bytes.subarray(at + 4, at + length));
    at += (length + 3) & ~3;
  }
  return found;
}

/** Canonical text. */
function formatAddress(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16)).join(':');
  return isIPv6(groups) ? new URL(`http://[${groups}]`).hostname.slice(1, -1) : '';
}

function bigEndian16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 255]);
}

/** struct nfgenmsg: family, version 0, no resource. */
function message(type: number, family: number, flags: number, sequence: number, body: readonly Buffer[]): Buffer {
  const head = Buffer.from([family, 0, 0, 0]);
  return netlinkMessage(SUBSYSTEM | type, NLM_F_REQUEST | flags, sequence, Buffer.concat([head, ...body]));
}
