import { write } from 'node:fs';
import { constants } from 'node:os';
import { promisify } from 'node:util';
import {
  bindSocket,
  closeFd,
  linkIndex,
  openSocket,
  receiveBytes,
  SystemCallError,
  sendBytes,
} from '../ffi/libc.host.ts';
import { formatKind, type LinkKind } from './kinds.ts';
import {
  acknowledgement,
  addressInfo,
  attribute,
  defaultRouteInfo,
  familyOfIp,
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
const IFLA = { ADDRESS: 1, IFNAME: 3, MTU: 4, LINK: 5, MASTER: 10, LINKINFO: 18, NET_NS_FD: 28 } as const;
const [RTA_OIF, RTA_GATEWAY] = [4, 5];

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
  /** A link that leads nowhere. Where the kernel has no such kind, a pair of two that lead to each other. Up. */
  createDummy(name: string): void;
  /** A VLAN of a link, up (802.1q). */
  createVlan(name: string, parent: string, id: number): void;
  /** A link of its own on another one, in the namespace of `netnsFd` or here; the kernel's own MAC without `mac`. */
  createOn(options: {
    readonly parent: string;
    readonly name: string;
    readonly kind: Extract<LinkKind, { kind: 'macvlan' | 'ipvlan' }>;
    readonly mac?: string;
    readonly netnsFd?: number;
    readonly mtu?: number;
  }): void;
  setUp(name: string): void;
  /** An IPv6 address can be used at once. */
  addAddress(name: string, ip: string, prefixLength: number): void;
  /** Instead of the one of its family there is: through a gateway, or by a link alone. */
  setDefaultRoute(family: 4 | 6, to: { readonly via: string } | { readonly link: string }): void;
  /** Fine when there is none. */
  removeDefaultRoute(family: 4 | 6): void;
  /** Fine when there is no such link. */
  remove(name: string): void;
  close(): void;
}

const writeAside = promisify(write);

/**
 * As {@link Links.remove}, in the namespace of the calling thread, by another thread: the kernel deletes in the call that asks for it, which for a
 * bridge lasts tens of milliseconds.
 */
export async function removeLinkAside(name: string): Promise<void> {
  const fd = openNetlink();
  try {
    await writeAside(fd, netlinkMessage(RTM_DELLINK, NLM_F_REQUEST | NLM_F_ACK, 1, removal(name)));
    const errno = acknowledgement(Buffer.from(receiveBytes(fd, Buffer.alloc(8192))));
    if (errno !== 0 && errno !== constants.errno.ENODEV)
      throw new SystemCallError(`removing ${name}`, errnoName(errno));
  } finally {
    closeFd(fd);
  }
}

function removal(name: string): Buffer {
  return Buffer.concat([linkInfo(0, 0, 0), textAttribute(IFLA.IFNAME, name)]);
}

function openNetlink(): number {
  const fd = openSocket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_ROUTE);
  const address = Buffer.alloc(12);
  address.writeUInt16LE(AF_NETLINK, 0);
  bindSocket(fd, address);
  return fd;
}

export function openLinks(): Links {
  const fd = openNetlink();
  const buffer = Buffer.alloc(8192);
  let sequence = 0;
  const request = (what: string, type: number, flags: number, ...body: readonly Buffer[]): void => {
    sendBytes(fd, netlinkMessage(type, NLM_F_REQUEST | NLM_F_ACK | flags, ++sequence, Buffer.concat(body)));
    const errno = acknowledgement(Buffer.from(receiveBytes(fd, buffer)));
    if (errno !== 0) throw new SystemCallError(what, errnoName(errno));
  };
  const create = NLM_F_CREATE | NLM_F_EXCL;
  const newLink = (name: string, kind: LinkKind, flags: number, ...more: readonly Buffer[]): void =>
    request(
      `making ${kind.kind} ${name}`,
      RTM_NEWLINK,
      create,
      linkInfo(0, flags, flags),
      textAttribute(IFLA.IFNAME, name),
      ...more,
      attribute(IFLA.LINKINFO, formatKind(kind)),
    );
  const setUp = (name: string): void =>
    request(`setting ${name} up`, RTM_NEWLINK, 0, linkInfo(linkIndex(name), IFF_UP, IFF_UP));
  return {
    createBridge: (name, mtu) => newLink(name, { kind: 'bridge' }, 0, ...mtuAttribute(mtu)),
    createVeth({ name, bridge, peerName, peerMac, netnsFd, mtu }) {
      const peer = Buffer.concat([
        linkInfo(0, 0, 0),
        textAttribute(IFLA.IFNAME, peerName),
        attribute(IFLA.ADDRESS, macBytes(peerMac)),
        numberAttribute(IFLA.NET_NS_FD, netnsFd),
        ...mtuAttribute(mtu),
      ]);
      const master = numberAttribute(IFLA.MASTER, linkIndex(bridge));
      newLink(name, { kind: 'veth', peer }, IFF_UP, master, ...mtuAttribute(mtu));
    },
    createDummy(name) {
      try {
        newLink(name, { kind: 'dummy' }, IFF_UP);
        return;
      } catch (error) {
        if (!isUnsupported(error)) throw error;
      }
      const other = `${name.slice(0, 14)}-`;
      newLink(name, { kind: 'veth', peer: Buffer.concat([linkInfo(0, 0, 0), textAttribute(IFLA.IFNAME, other)]) }, 0);
      setUp(name);
      setUp(other);
    },
    createVlan: (name, parent, id) =>
      newLink(name, { kind: 'vlan', id }, IFF_UP, numberAttribute(IFLA.LINK, linkIndex(parent))),
    createOn: ({ parent, name, kind, mac, netnsFd, mtu }) =>
      newLink(
        name,
        kind,
        0,
        numberAttribute(IFLA.LINK, linkIndex(parent)),
        ...(netnsFd === undefined ? [] : [numberAttribute(IFLA.NET_NS_FD, netnsFd)]),
        ...(mac === undefined ? [] : [attribute(IFLA.ADDRESS, macBytes(mac))]),
        ...mtuAttribute(mtu),
      ),
    setUp,
    addAddress: (name, ip, prefixLength) =>
      request(
        `giving ${name} the address ${ip}`,
        RTM_NEWADDR,
        create,
        addressInfo(familyOfIp(ip), prefixLength, linkIndex(name)),
        attribute(2, ipBytes(ip)),
        attribute(1, ipBytes(ip)),
      ),
    setDefaultRoute: (family, to) =>
      request(
        `default route by ${'via' in to ? to.via : to.link}`,
        RTM_NEWROUTE,
        NLM_F_CREATE | NLM_F_REPLACE,
        defaultRouteInfo(family, 'via' in to || family === 6 ? 'universe' : 'link'),
        'via' in to ? attribute(RTA_GATEWAY, ipBytes(to.via)) : numberAttribute(RTA_OIF, linkIndex(to.link)),
      ),
    removeDefaultRoute: (family) =>
      // ENOENT where there has been no route at all yet.
      ifThere(['ESRCH', 'ENOENT'], () =>
        request('removing the default route', RTM_DELROUTE, 0, defaultRouteInfo(family, 'any')),
      ),
    remove: (name) => ifThere(['ENODEV'], () => request(`removing ${name}`, RTM_DELLINK, 0, removal(name))),
    close: () => closeFd(fd),
  };
}

function macBytes(mac: string): Buffer {
  return Buffer.from(mac.split(':').map((part) => Number.parseInt(part, 16)));
}

function mtuAttribute(mtu: number | undefined): readonly Buffer[] {
  return mtu === undefined ? [] : [numberAttribute(IFLA.MTU, mtu)];
}

/** Fine when the call failed with one of these errnos: what it is about is not there. */
function ifThere(codes: readonly string[], call: () => void): void {
  try {
    call();
  } catch (error) {
    if (!(error instanceof SystemCallError && codes.includes(error.code))) throw error;
  }
}

/** The kernel has no such kind of link: EOPNOTSUPP, by either of its names. */
export function isUnsupported(error: unknown): boolean {
  return error instanceof SystemCallError && (error.code === 'ENOTSUP' || error.code === 'EOPNOTSUPP');
}

function errnoName(errno: number): string {
  return Object.entries(constants.errno).find(([, number]) => number === errno)?.[0] ?? `errno ${errno}`;
}
