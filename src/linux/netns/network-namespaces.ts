/** Network namespaces that live as files, and the wires into them. All calls are synchronous and short. */
export interface NetworkNamespaces {
  /** Makes a namespace with loopback up, kept alive by a bind mount on `path`. */
  create(path: string): void;
  /** Connects a namespace to a bridge: a link inside with its address, `hostName` outside. */
  connect(path: string, wire: Wire): void;
  /** The default route of a namespace goes there from now on; undefined: there is none. */
  setGateway(path: string, gateway: string | undefined): void;
  /** Lets a namespace go; the kernel takes its links with it. Fine when it is gone. */
  remove(path: string): void;
  /** Takes the other end of a wire along. Fine when it is gone. */
  removeLink(hostName: string): void;
  hasLink(name: string): boolean;
  /** Makes the bridge with this address, or what of it is missing. True when it was made. */
  ensureBridge(name: string, ip: string, prefixLength: number, options?: BridgeSettings): boolean;
  /** IPv4 networks the machine has routes to, links without a carrier included; no default routes. */
  routes(): readonly { readonly link: string; readonly network: string; readonly prefixLength: number }[];
  /** Links whose name starts so. */
  linksNamed(prefix: string): readonly string[];
  /** Writes a setting below /proc/sys, as `net/ipv4/ip_forward`. */
  setSysctl(name: string, value: string): void;
}

export interface BridgeSettings {
  readonly mtu?: number;
  /** No IPv6 at all, not even link-local addresses by which the host could be reached. */
  readonly withoutIPv6?: boolean;
}

export interface Wire {
  readonly bridge: string;
  readonly hostName: string;
  /** Inside, e.g. `eth0`. */
  readonly linkName: string;
  readonly mac: string;
  readonly ip: string;
  readonly prefixLength: number;
  /** Gateway of the default route; undefined: the routes are left as they are. */
  readonly gateway?: string;
  /** Bytes; undefined: the kernel's own. */
  readonly mtu?: number;
  /** Cut off from other isolated wires of the bridge. */
  readonly isolated?: boolean;
}
