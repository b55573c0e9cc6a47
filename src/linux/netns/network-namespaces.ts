/** Network namespaces that live as files, and the wires into them. Calls without a promise are synchronous and short. */
export interface NetworkNamespaces {
  /** Makes a namespace with loopback up, kept alive by a bind mount on `path`. */
  create(path: string): void;
  /** As {@link NetworkNamespaces.create}, one that belongs to the user namespace of a file: its root may do there what it likes. Errors: system. */
  createWithin(userns: string, path: string): Promise<void>;
  /** Gives a namespace a link inside with its addresses. Errors: system with the errno's name, `EOPNOTSUPP` where the kernel has no such kind. */
  connect(path: string, wire: Wire): void;
  /** The default routes of a namespace go there from now on; undefined: there is none of that family. */
  setRoutes(path: string, routes: DefaultRoutes): void;
  /** Lets a namespace go; the kernel takes its links with it. Fine when it is gone. */
  remove(path: string): void;
  /** Takes the other end of a wire along. Fine when it is gone. */
  removeLink(hostName: string): void;
  /**
   * As {@link NetworkNamespaces.removeLink}, while everything else goes on, bridges included; resolves when the link is no longer seen. Errors: system.
   */
  removeLinkAside(name: string): Promise<void>;
  /** Takes a link inside of a namespace away. Fine when it is gone. */
  removeInside(path: string, linkName: string): void;
  hasLink(name: string): boolean;
  hasInside(path: string, linkName: string): boolean;
  /** Makes the bridge with these addresses, or what of it is missing. True when it was made. */
  ensureBridge(name: string, addresses: readonly LinkAddress[], settings: BridgeSettings): boolean;
  /** Makes the link below a macvlan or ipvlan when it is missing: a VLAN of another link, or one that leads nowhere. Errors: system. */
  ensureParent(name: string, below: { readonly link: string; readonly vlanId: number } | undefined): void;
  /** True when the kernel can make such links. */
  supports(kind: 'macvlan' | 'ipvlan' | 'vlan'): boolean;
  /** Networks the machine has routes to, links without a carrier included; no default routes, no link-local ones. */
  routes(): readonly HostRoute[];
  /** Links whose name starts so. */
  linksNamed(prefix: string): readonly string[];
  /** Writes a setting below /proc/sys, as `net/ipv4/ip_forward`. */
  setSysctl(name: string, value: string): void;
}

export interface LinkAddress {
  readonly ip: string;
  readonly prefixLength: number;
}

export interface HostRoute extends LinkAddress {
  readonly link: string;
}

export interface BridgeSettings {
  /** Bytes; undefined: the kernel's own. */
  readonly mtu: number | undefined;
  /** `keep`: as the host has it; `off`: not even link-local addresses by which the host could be reached; `on`: and no router of the bridge is believed. */
  readonly ipv6: 'keep' | 'off' | 'on';
}

/** Through a gateway, or by a link alone. */
export type DefaultRoute = { readonly via: string } | { readonly link: string };

export interface DefaultRoutes {
  readonly ipv4: DefaultRoute | undefined;
  readonly ipv6: DefaultRoute | undefined;
}

/** What a link inside hangs on. */
export type WireEnd =
  | {
      readonly kind: 'bridge';
      readonly bridge: string;
      /** The end on the host. */
      readonly hostName: string;
      /** Cut off from other isolated wires of the bridge. */
      readonly isolated: boolean;
    }
  | { readonly kind: 'macvlan'; readonly parent: string; readonly mode: string }
  | { readonly kind: 'ipvlan'; readonly parent: string; readonly mode: string; readonly flag: string };

export interface Wire {
  readonly end: WireEnd;
  /** Inside, e.g. `eth0`. */
  readonly linkName: string;
  readonly mac: string;
  readonly addresses: readonly LinkAddress[];
  /** Default routes through this link; undefined: left as they are. */
  readonly routes: DefaultRoutes;
  /** Bytes; undefined: the kernel's own. */
  readonly mtu: number | undefined;
  /** Without, the link has not even a link-local address of that family. */
  readonly ipv6: boolean;
  /** Below /proc/sys inside, as `net/ipv4/conf/eth0/forwarding`. */
  readonly sysctls: Readonly<Record<string, string>>;
}
