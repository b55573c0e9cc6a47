import { constants } from 'node:os';
import { errnoOf } from '../../lib/errors.ts';
import { bindSocket, openSocket, receiveBytes, SystemCallError, sendBytes } from '../ffi/libc.host.ts';
import { acknowledgement, NLM_F_REQUEST, NLMSG_ERROR, netlinkMessage } from './message.ts';
import { formatElementBatch, type SetElement } from './nf-tables.ts';

const [AF_NETLINK, SOCK_RAW_CLOEXEC_NONBLOCK, NETLINK_NETFILTER] = [16, 3 | 0o2000000 | 0o4000, 12];
/** Of nf_tables (linux/netfilter/nf_tables.h); the answer has one attribute first, the number, big-endian. */
const GETGEN = (10 << 8) | 16;
const NEWGEN = (10 << 8) | 15;
const NUMBER_AT = 16 + 4 + 4;

/** The kernel's nf_tables without nft(8), in the network namespace of the first call. Synchronous: it answers within the call. */
export interface NfTables {
  /** Another number after each change of any rules in this network namespace, by whomever; one more after one of ours. Errors: system. */
  generation(): number;
  /**
   * All of them, or none. Fine to add what is there with the same data. Errors: system with the errno's name as code, ENOENT for what is not
   * there, EEXIST for a map that has something else for that key.
   */
  change(verb: 'add' | 'delete', table: string, elements: readonly SetElement[]): void;
}

/** One socket for all calls: to close one takes as long as the kernel waits until nobody uses what was deleted before, some ten milliseconds. */
export function openNfTables(): NfTables {
  const buffer = Buffer.alloc(65_536);
  let opened: number | undefined;
  const ask = (message: Buffer): readonly Buffer[] => {
    opened ??= openNetfilter();
    for (const _stale of answers(opened)) continue;
    sendBytes(opened, message);
    return [...answers(opened)];
  };
  /** What is there: a batch that had to be given up has been answered more than once. */
  function* answers(fd: number): Generator<Buffer> {
    for (;;) {
      try {
        yield Buffer.from(receiveBytes(fd, buffer));
      } catch (error) {
        if (errnoOf(error) === 'EAGAIN' || errnoOf(error) === 'EWOULDBLOCK') return;
        throw error;
      }
    }
  }
  return {
    generation() {
      const answer = ask(netlinkMessage(GETGEN, NLM_F_REQUEST, 1, Buffer.alloc(4))).find(
        (one) => one.readUInt16LE(4) === NEWGEN,
      );
      return answer?.readUInt32BE(NUMBER_AT) ?? 0;
    },
    change(verb, table, elements) {
      const { bytes, acknowledgements } = formatElementBatch(verb, table, elements);
      if (acknowledgements === 0) return;
      const errnos = ask(bytes)
        .filter((answer) => answer.readUInt16LE(4) === NLMSG_ERROR)
        .map(acknowledgement);
      const errno = errnos.find((one) => one !== 0);
      if (errno !== undefined) throw new SystemCallError(`${verb} elements of table ${table}`, nameOf(errno));
      if (errnos.length !== acknowledgements)
        throw new SystemCallError(`${verb} elements of table ${table}`, 'without an acknowledgement');
    },
  };
}

function openNetfilter(): number {
  const fd = openSocket(AF_NETLINK, SOCK_RAW_CLOEXEC_NONBLOCK, NETLINK_NETFILTER);
  const address = Buffer.alloc(12);
  address.writeUInt16LE(AF_NETLINK, 0);
  bindSocket(fd, address);
  return fd;
}

function nameOf(errno: number): string {
  return Object.entries(constants.errno).find(([, number]) => number === errno)?.[0] ?? `errno ${errno}`;
}
