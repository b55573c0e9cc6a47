import {
  attribute,
  ipBytes,
  NLM_F_ACK,
  NLM_F_CREATE,
  NLM_F_REQUEST,
  netlinkMessage,
  textAttribute,
} from './message.ts';

/** Numbers of linux/netfilter/nfnetlink.h and nf_tables.h. */
const [BATCH_BEGIN, BATCH_END] = [0x10, 0x11];
const SUBSYSTEM = 10;
const MESSAGE = { add: 12, delete: 14 } as const;
const INET = 1;
const LIST = { TABLE: 1, SET: 2, ELEMENTS: 3 } as const;
const [LIST_ELEMENT, DATA_VALUE] = [1, 1];
const ELEMENT = { KEY: 1, DATA: 2 } as const;
const NESTED = 0x80_00;
/** An attribute has room for 64 KiB. */
const MOST_ELEMENTS = 500;
const PROTOCOLS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, sctp: 132 };

/** A part of a key or of what a map has for it; a number is a port. */
export type ElementPart =
  | { readonly ip: string }
  | { readonly port: number }
  | { readonly protocol: 'tcp' | 'udp' | 'sctp' };

export interface SetElement {
  readonly set: string;
  readonly key: readonly ElementPart[];
  /** Of a map. */
  readonly data?: readonly ElementPart[];
}

/** One transaction on sets and maps of an inet table, and how many acknowledgements it gets. Pure. */
export function formatElementBatch(
  verb: 'add' | 'delete',
  table: string,
  elements: readonly SetElement[],
): { readonly bytes: Buffer; readonly acknowledgements: number } {
  const bySet = Object.entries(Object.groupBy(elements, ({ set }) => set));
  const parts = bySet.flatMap(([set, all = []]) =>
    Array.from({ length: Math.ceil(all.length / MOST_ELEMENTS) }, (_, at) => ({
      set,
      some: all.slice(at * MOST_ELEMENTS, (at + 1) * MOST_ELEMENTS),
    })),
  );
  const flags = NLM_F_REQUEST | NLM_F_ACK | (verb === 'add' ? NLM_F_CREATE : 0);
  const changes = parts.map(({ set, some }, at) =>
    netlinkMessage(
      (SUBSYSTEM << 8) | MESSAGE[verb],
      flags,
      at + 1,
      Buffer.concat([
        generalInfo(INET, 0),
        textAttribute(LIST.TABLE, table),
        textAttribute(LIST.SET, set),
        nested(LIST.ELEMENTS, ...some.map((element) => formatElement(verb, element))),
      ]),
    ),
  );
  const border = (type: number): Buffer => netlinkMessage(type, NLM_F_REQUEST, 0, generalInfo(0, SUBSYSTEM));
  return {
    bytes: Buffer.concat([border(BATCH_BEGIN), ...changes, border(BATCH_END)]),
    acknowledgements: changes.length,
  };
}

function formatElement(verb: 'add' | 'delete', { key, data }: SetElement): Buffer {
  const value = (type: number, parts: readonly ElementPart[]): Buffer =>
    nested(type, attribute(DATA_VALUE, joined(parts)));
  return nested(LIST_ELEMENT, value(ELEMENT.KEY, key), ...(verb === 'add' && data ? [value(ELEMENT.DATA, data)] : []));
}

/** Parts of a concatenation have a multiple of four bytes each. */
function joined(parts: readonly ElementPart[]): Buffer {
  const bytes = parts.map(partBytes);
  if (bytes.length === 1) return Buffer.concat(bytes);
  return Buffer.concat(bytes.map((part) => Buffer.concat([part, Buffer.alloc(-part.length & 3)])));
}

function partBytes(part: ElementPart): Buffer {
  if ('ip' in part) return ipBytes(part.ip);
  if ('port' in part) return Buffer.from([part.port >> 8, part.port & 0xff]);
  return Buffer.from([PROTOCOLS[part.protocol] ?? 0]);
}

function nested(type: number, ...inner: readonly Buffer[]): Buffer {
  return attribute(type | NESTED, Buffer.concat(inner));
}

/** struct nfgenmsg; the last number is big-endian. */
function generalInfo(family: number, resource: number): Buffer {
  return Buffer.from([family, 0, resource >> 8, resource & 0xff]);
}
