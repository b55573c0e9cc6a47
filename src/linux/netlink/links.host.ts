import { constants } from 'node:os';
import {
  bindSocket,
  closeFd,
  linkIndex,
  openSocket,
  receiveBytes,
  SystemCallError,
  sendBytes,
} from '../ffi/libc.host.ts';
import {
  acknowledgement,
  addressInfo,
  attribute,
  defaultRouteInfo,
  ipBytes,
  linkInfo,
  NLM_F_ACK,
  NLM_F_CREATE,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  NLM_F_REQUEST,
  netlinkMessage,
  numberAttribute,
  RTM_DELLINK,
  RTM_DELROUTE,
  RTM_NEWADDR,
  RTM_NEWLINK,
  RTM_NEWROUTE,
  textAttribute,
} from './message.ts';

const [AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_ROUTE] = [16, 3 | 0o2000000, 0];
const IFF_UP = 1;
const IFLA = { ADDRESS: 1, IFNAME: 3, MTU: 4, MASTER: 10, LINKINFO: 18, NET_NS_FD: 28 } as const;
const INFO = { KIND: 1, DATA: 2 } as const;
const VETH_INFO_PEER = 1;
const RTA_GATEWAY = 5;

/** Talks to the kernel's routing netlink in the network namespace in which it was opened. Synchronous; each call waits for the acknowledgement. */
export interface Links {
  createBridge(name: string, mtu?: number): void;
  /** One end stays here, in `bridge`; the other goes into the namespace of `netnsFd` as `peerName`. */
  createVeth(options: {
    readonly name: string;
    readonly bridge: string;
    readonly peerName: string;
    readonly peerMac: string;
    readonly netnsFd: number;
    /** Of both ends; the kernel's own without it. */
    readonly mtu?: number;
  }): void;
  setUp(name: string): void;
  addAddress(name: string, ip: string, prefixLength: number): void;
  /** Instead of the one there is. */
  setDefaultRoute(gateway: string): void;
  /** Fine when there is none. */
  removeDefaultRoute(): void;
  /** Fine when there is no such link. */
  remove(name: string): void;
  close(): void;
}

export function openLinks(): Links {
  const fd = openSocket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_ROUTE);
  const address = Buffer.alloc(12);
  address.writeUInt16LE(AF_NETLINK, 0);
  bindSocket(fd, address);
  const buffer = Buffer.alloc(8192);
  let sequence = 0;
  const request = (what: string, type: number, flags: number, ...body: readonly Buffer[]): void => {
    sendBytes(fd, netlinkMessage(type, NLM_F_REQUEST | NLM_F_ACK | flags, ++sequence, Buffer.concat(body)));
    const errno = acknowledgement(Buffer.from(receiveBytes(fd, buffer)));
    if (errno !== 0) throw new SystemCallError(what, errnoName(errno));
  };
  const create = NLM_F_CREATE | NLM_F_EXCL;
  return {
    createBridge: (name, mtu) =>
      request(
        `making bridge ${name}`,
        RTM_NEWLINK,
        create,
        linkInfo(0, 0, 0),
        textAttribute(IFLA.IFNAME, name),
        ...mtuAttribute(mtu),
        attribute(IFLA.LINKINFO, textAttribute(INFO.KIND, 'bridge')),
      ),
    createVeth({ name, bridge, peerName, peerMac, netnsFd, mtu }) {
      const peer = Buffer.concat([
        linkInfo(0, 0, 0),
        textAttribute(IFLA.IFNAME, peerName),
        attribute(IFLA.ADDRESS, Buffer.from(peerMac.split(':').map((part) => Number.parseInt(part, 16)))),
        numberAttribute(IFLA.NET_NS_FD, netnsFd),
        ...mtuAttribute(mtu),
      ]);
      const info = Buffer.concat([
        textAttribute(INFO.KIND, 'veth'),
        attribute(INFO.DATA, attribute(VETH_INFO_PEER, peer)),
      ]);
      request(
        `making veth ${name}`,
        RTM_NEWLINK,
        create,
        linkInfo(0, IFF_UP, IFF_UP),
        textAttribute(IFLA.IFNAME, name),
        numberAttribute(IFLA.MASTER, linkIndex(bridge)),
        ...mtuAttribute(mtu),
        attribute(IFLA.LINKINFO, info),
      );
    },
    setUp: (name) => request(`setting ${name} up`, RTM_NEWLINK, 0, linkInfo(linkIndex(name), IFF_UP, IFF_UP)),
    addAddress: (name, ip, prefixLength) =>
      request(
        `giving ${name} the address ${ip}`,
        RTM_NEWADDR,
        create,
        addressInfo(prefixLength, linkIndex(name)),
        attribute(2, ipBytes(ip)),
        attribute(1, ipBytes(ip)),
      ),
    setDefaultRoute: (gateway) =>
      request(
        `default route by ${gateway}`,
        RTM_NEWROUTE,
        NLM_F_CREATE | NLM_F_REPLACE,
        defaultRouteInfo(),
        attribute(RTA_GATEWAY, ipBytes(gateway)),
      ),
    removeDefaultRoute: () =>
      ignoring('ESRCH', () => request('removing the default route', RTM_DELROUTE, 0, defaultRouteInfo())),
    remove: (name) =>
      ignoring('ENODEV', () =>
        request(`removing ${name}`, RTM_DELLINK, 0, linkInfo(0, 0, 0), textAttribute(IFLA.IFNAME, name)),
      ),
    close: () => closeFd(fd),
  };
}

function mtuAttribute(mtu: number | undefined): readonly Buffer[] {
  return mtu === undefined ? [] : [numberAttribute(IFLA.MTU, mtu)];
}

function ignoring(code: string, call: () => void): void {
  try {
    call();
  } catch (error) {
    if (!(error instanceof SystemCallError && error.code === code)) throw error;
  }
}

function errnoName(errno: number): string {
  return Object.entries(constants.errno).find(([, number]) => number === errno)?.[0] ?? `errno ${errno}`;
}
