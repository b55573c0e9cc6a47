import { bindSocket, closeFd, openSocket, receiveBytes, sendBytes } from '../ffi/libc.host.ts';
import { NLM_F_REQUEST, netlinkMessage } from './message.ts';

const [AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_NETFILTER] = [16, 3 | 0o2000000, 12];
/** Of nf_tables (linux/netfilter/nf_tables.h); the answer has one attribute first, the number, big-endian. */
const GETGEN = (10 << 8) | 16;
const NEWGEN = (10 << 8) | 15;
const NUMBER_AT = 16 + 4 + 4;

/** Another number after each change of any nftables rules in this network namespace, by whomever. Errors: system. */
export function readRulesetGeneration(): number {
  const fd = openSocket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_NETFILTER);
  try {
    const address = Buffer.alloc(12);
    address.writeUInt16LE(AF_NETLINK, 0);
    bindSocket(fd, address);
    sendBytes(fd, netlinkMessage(GETGEN, NLM_F_REQUEST, 1, Buffer.alloc(4)));
    const answer = Buffer.from(receiveBytes(fd, Buffer.alloc(8192)));
    return answer.readUInt16LE(4) === NEWGEN ? answer.readUInt32BE(NUMBER_AT) : 0;
  } finally {
    closeFd(fd);
  }
}
