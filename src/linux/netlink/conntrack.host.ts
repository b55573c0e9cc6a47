import { bindSocket, closeFd, openSocket, receiveBytes, SystemCallError, sendBytes } from '../ffi/libc.host.ts';
import { AF, formatDelete, formatDump, parseFlows, type UdpFlow } from './conntrack.ts';
import { acknowledgement } from './message.ts';

const [AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_NETFILTER] = [16, 3 | 0o2000000, 12];
const ENOENT = 2;

/**
 * Ends the tracked UDP flows to a port that `which` picks: their next datagram is looked at like a first one. Errors: system with the kernel's errno.
 */
export function endUdpFlows(port: number, family: 4 | 6, which: (flow: UdpFlow) => boolean): void {
  const fd = openSocket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_NETFILTER);
  try {
    const address = Buffer.alloc(12);
    address.writeUInt16LE(AF_NETLINK, 0);
    bindSocket(fd, address);
    const buffer = Buffer.alloc(65_536);
    const picked: UdpFlow[] = [];
    sendBytes(fd, formatDump(family === 4 ? AF.INET : AF.INET6, port, 1));
    for (let done = false; !done; ) {
      const answer = parseFlows(Buffer.from(receiveBytes(fd, buffer)));
      if (answer.errno !== 0) throw new SystemCallError('listing tracked flows', `errno ${answer.errno}`);
      picked.push(...answer.flows.filter(which));
      ({ done } = answer);
    }
    for (const flow of picked) {
      sendBytes(fd, formatDelete(flow, 2));
      const errno = acknowledgement(Buffer.from(receiveBytes(fd, buffer)));
      // It has timed out in between.
      if (errno !== 0 && errno !== ENOENT) throw new SystemCallError('ending a tracked flow', `errno ${errno}`);
    }
  } finally {
    closeFd(fd);
  }
}
