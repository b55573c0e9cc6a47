/** DNS messages as bytes (RFC 1035, EDNS of RFC 6891), as far as a resolver that answers few types and passes on the rest needs them. Pure. */

export const TYPE = { A: 1, SOA: 6, PTR: 12, AAAA: 28, OPT: 41 } as const;
export const RCODE = {
  NO_ERROR: 0,
  FORMAT_ERROR: 1,
  SERVER_FAILURE: 2,
  NAME_ERROR: 3,
  NOT_IMPLEMENTED: 4,
  REFUSED: 5,
} as const;

const HEADER_BYTES = 12;
/** RFC 1035, 2.3.4. */
const MOST_NAME_BYTES = 255;
const CLASS_IN = 1;
/** Without EDNS. */
const PLAIN_UDP_BYTES = 512;
/** What we say that we take: no query is longer. */
const OFFERED_UDP_BYTES = 1232;
const MOST_TCP_BYTES = 65_535;
/** "DNSSEC OK" (RFC 3225), in the lower half of what is the time to live of other records. */
const DO_BIT = 0x80;
const BAD_VERSION = 1;

export interface Query {
  readonly bytes: Uint8Array;
  /** Lower case, labels joined by dots, without the last one; dots and backslashes inside of labels stand behind a backslash. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly opcode: number;
  /** End of the question section. */
  readonly questionEnd: number;
  /** What the client takes over UDP; undefined without EDNS. */
  readonly edns?: { readonly udpBytes: number; readonly version: number; readonly wantsDnssec: boolean };
}

export interface OwnAnswer {
  readonly rcode: number;
  /** Four bytes of an address, or a name for PTR. */
  readonly records: readonly { readonly type: number; readonly data: Uint8Array }[];
}

/** undefined for what is no query: it gets no answer. */
export function parseQuery(bytes: Uint8Array): Query | undefined {
  const view = viewOf(bytes);
  if (bytes.length < HEADER_BYTES || (view.getUint8(2) & 0x80) !== 0 || view.getUint16(4) !== 1) return undefined;
  const question = readQuestion(bytes);
  if (!question) return undefined;
  const edns = readEdns(bytes, question.questionEnd);
  return { bytes, ...question, opcode: (view.getUint8(2) >> 3) & 15, ...(edns && { edns }) };
}

/** An answer of our own; one too long for the client's UDP has as many records as go in, and says so (TC). */
export function formatAnswer(
  query: Query,
  { rcode, records }: OwnAnswer,
  via: 'udp' | 'tcp',
  ttlSeconds: number,
): Uint8Array {
  const question = query.bytes.subarray(HEADER_BYTES, query.questionEnd);
  const wrongVersion = query.edns !== undefined && query.edns.version !== 0;
  const answers = wrongVersion ? [] : records.map(({ type, data }) => formatRecord(type, data, ttlSeconds));
  const option = query.edns ? formatOption(wrongVersion, query.edns.wantsDnssec) : new Uint8Array();
  let room = (via === 'tcp' ? MOST_TCP_BYTES : udpLimit(query)) - HEADER_BYTES - question.length - option.length;
  const firstTooLong = answers.findIndex(({ length }) => {
    room -= length;
    return room < 0;
  });
  const truncated = firstTooLong >= 0;
  const sent = truncated ? answers.slice(0, firstTooLong) : answers;
  const header = new Uint8Array(HEADER_BYTES);
  const view = viewOf(header);
  header.set(query.bytes.subarray(0, 2));
  const asked = query.bytes[2] ?? 0;
  // Response; opcode and "recursion desired" as asked; truncated.
  view.setUint8(2, 0x80 | (asked & 0x79) | (truncated ? 2 : 0));
  view.setUint8(3, 0x80 | (wrongVersion ? 0 : rcode));
  view.setUint16(4, 1);
  view.setUint16(6, sent.length);
  view.setUint16(10, query.edns ? 1 : 0);
  return Buffer.concat([header, question, ...sent, option]);
}

export function udpLimit({ edns }: Query): number {
  return Math.max(edns?.udpBytes ?? PLAIN_UDP_BYTES, PLAIN_UDP_BYTES);
}

/** A name as labels. Errors: none; what is longer than DNS allows is cut, and empty labels are left out: names of containers and networks may be so. */
export function formatName(name: string): Uint8Array {
  const labels: Buffer[] = [];
  let room = MOST_NAME_BYTES - 1;
  for (const label of name.split('.').map((text) => Buffer.from(text).subarray(0, 63))) {
    room -= label.length + 1;
    if (room < 0) break;
    if (label.length > 0) labels.push(label);
  }
  return Buffer.concat([...labels.flatMap((label) => [Buffer.from([label.length]), label]), Buffer.from([0])]);
}

/** True when `response` answers `query`: same id, same question. */
export function answers(response: Uint8Array, query: Query): boolean {
  const view = viewOf(response);
  if (response.length < HEADER_BYTES || (view.getUint8(2) & 0x80) === 0) return false;
  if (response[0] !== query.bytes[0] || response[1] !== query.bytes[1] || view.getUint16(4) !== 1) return false;
  const question = readQuestion(response);
  return question?.name === query.name && question.type === query.type && question.class === query.class;
}

export function rcodeOf(response: Uint8Array): number {
  return (response[3] ?? 0) & 15;
}

export function isTruncated(response: Uint8Array): boolean {
  return ((response[2] ?? 0) & 2) !== 0;
}

/** The same message under another id. */
export function withId(bytes: Uint8Array, id: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  viewOf(copy).setUint16(0, id);
  return copy;
}

/** A kept response as the answer to a query that asks the same: its id and spelling, and times to live that have gone on. */
export function replay(response: Uint8Array, query: Query, agedSeconds: number): Uint8Array {
  const copy = Uint8Array.from(response);
  copy.set(query.bytes.subarray(0, 2));
  copy.set(query.bytes.subarray(HEADER_BYTES, query.questionEnd), HEADER_BYTES);
  const view = viewOf(copy);
  for (const { ttlAt, ttl } of readRecords(copy) ?? []) view.setUint32(ttlAt, Math.max(0, ttl - agedSeconds));
  return copy;
}

/** How long a response may be kept: the least of its times to live; for "no such" that of the zone's SOA (RFC 2308). 0: not at all. */
export function keepSeconds(response: Uint8Array): number {
  const rcode = rcodeOf(response);
  const records = readRecords(response);
  if (!records || isTruncated(response) || (rcode !== RCODE.NO_ERROR && rcode !== RCODE.NAME_ERROR)) return 0;
  const least = records.reduce((sofar, { ttl }) => Math.min(sofar, ttl), Number.POSITIVE_INFINITY);
  const isNegative = rcode === RCODE.NAME_ERROR || !records.some(({ section }) => section === 'answer');
  return Math.min(least, soaMinimum(response, records) ?? (isNegative ? 0 : least));
}

interface Question {
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly questionEnd: number;
}

/** The first name of a message stands in full: nothing before it could be pointed at. */
function readQuestion(bytes: Uint8Array): Question | undefined {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (;;) {
    const length = bytes[at];
    if (length === undefined || length > 63) return undefined;
    at += 1 + length;
    if (length === 0) break;
    if (at - HEADER_BYTES > 254) return undefined;
    labels.push(labelOf(bytes, at - length, at));
  }
  if (at + 4 > bytes.length) return undefined;
  const view = viewOf(bytes);
  return { name: labels.join('.'), type: view.getUint16(at), class: view.getUint16(at + 2), questionEnd: at + 4 };
}

/** ASCII alone has two cases in DNS (RFC 4343). */
function labelOf(bytes: Uint8Array, start: number, end: number): string {
  let label = '';
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === 0x2e || byte === 0x5c) label += '\\';
    label += String.fromCharCode(byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte);
  }
  return label;
}

interface Found {
  readonly section: 'answer' | 'authority' | 'additional';
  readonly type: number;
  readonly ttl: number;
  readonly ttlAt: number;
  readonly end: number;
}

/** All but OPT, whose time to live is none. undefined: malformed. */
function readRecords(bytes: Uint8Array): readonly Found[] | undefined {
  const view = viewOf(bytes);
  let at = readQuestion(bytes)?.questionEnd;
  const found: Found[] = [];
  const counts = [view.getUint16(6), view.getUint16(8), view.getUint16(10)];
  for (const [place, count] of counts.entries())
    for (let number = 0; number < count; number++) {
      at = at === undefined ? undefined : skipName(bytes, at);
      if (at === undefined || at + 10 > bytes.length) return undefined;
      const end = at + 10 + view.getUint16(at + 8);
      if (end > bytes.length) return undefined;
      const type = view.getUint16(at);
      const section = (['answer', 'authority', 'additional'] as const)[place] ?? 'additional';
      if (type !== TYPE.OPT) found.push({ section, type, ttl: view.getUint32(at + 4), ttlAt: at + 4, end });
      at = end;
    }
  return found;
}

function skipName(bytes: Uint8Array, start: number): number | undefined {
  let at = start;
  for (;;) {
    const length = bytes[at];
    if (length === undefined) return undefined;
    if (length >= 0xc0) return at + 2;
    if (length > 63) return undefined;
    at += 1 + length;
    if (length === 0) return at;
  }
}

/** The last field of a SOA; without one nothing is said of how long. */
function soaMinimum(response: Uint8Array, records: readonly Found[]): number | undefined {
  const soa = records.find(({ section, type }) => section === 'authority' && type === TYPE.SOA);
  return soa ? viewOf(response).getUint32(soa.end - 4) : undefined;
}

function readEdns(bytes: Uint8Array, questionEnd: number): Query['edns'] | undefined {
  const view = viewOf(bytes);
  const isPlain = view.getUint16(6) === 0 && view.getUint16(8) === 0 && view.getUint16(10) >= 1;
  if (!isPlain || bytes[questionEnd] !== 0 || questionEnd + 11 > bytes.length) return undefined;
  if (view.getUint16(questionEnd + 1) !== TYPE.OPT) return undefined;
  return {
    udpBytes: view.getUint16(questionEnd + 3),
    version: view.getUint8(questionEnd + 6),
    wantsDnssec: (view.getUint8(questionEnd + 7) & DO_BIT) !== 0,
  };
}

/** A record of the name that was asked for, which stands behind the header. */
function formatRecord(type: number, data: Uint8Array, ttlSeconds: number): Uint8Array {
  const head = new Uint8Array(12);
  const view = viewOf(head);
  view.setUint16(0, 0xc000 | HEADER_BYTES);
  view.setUint16(2, type);
  view.setUint16(4, CLASS_IN);
  view.setUint32(6, ttlSeconds);
  view.setUint16(10, data.length);
  return Buffer.concat([head, data]);
}

function formatOption(wrongVersion: boolean, wantsDnssec: boolean): Uint8Array {
  const option = new Uint8Array(11);
  const view = viewOf(option);
  view.setUint16(1, TYPE.OPT);
  view.setUint16(3, OFFERED_UDP_BYTES);
  view.setUint8(5, wrongVersion ? BAD_VERSION : 0);
  view.setUint8(7, wantsDnssec ? DO_BIT : 0);
  return option;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
