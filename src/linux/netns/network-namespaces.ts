/** Network namespaces that live as files, and the wires into them. All calls are synchronous and short. */
export interface NetworkNamespaces {
  /** Makes a namespace with loopback up, kept alive by a bind mount on `path`. */
  create(path: string): void;
  /** Connects a namespace to a bridge: `eth0` inside with address and default route, `hostName` outside. */
  connect(path: string, wire: Wire): void;
  /** Lets a namespace go; the kernel takes its links with it. Fine when it is gone. */
  remove(path: string): void;
  removeLink(hostName: string): void;
  /** Makes the bridge with this address unless it is there. True when it was made. */
  ensureBridge(name: string, ip: string, prefixLength: number): boolean;
  /** IPv4 networks the machine has routes to, links without a carrier included; no default routes. */
  routes(): readonly { readonly link: string; readonly network: string; readonly prefixLength: number }[];
  /** Links whose name starts so. */
  linksNamed(prefix: string): readonly string[];
  /** Writes a setting below /proc/sys, as `net/ipv4/ip_forward`. */
  setSysctl(name: string, value: string): void;
}

export interface Wire {
  readonly bridge: string;
  readonly hostName: string;
  readonly mac: string;
  readonly ip: string;
  readonly prefixLength: number;
  readonly gateway: string;
}
