import type { ForeignChain } from './foreign-chains.ts';

/**
 * Published ports, masquerading and the borders of bridges, in an nftables table of our own, replaced in transactions. Of other programs' rules
 * only those are touched that would take everything from our bridges: see HostForwarding. A container without published ports costs no call.
 */
export interface Firewall {
  /** Makes (anew) the table; what it says is read when its turn has come. Errors: system with nft's message. */
  reset(read: () => FirewallState): Promise<void>;
  /** Adds what the kernel does of them; UDP flows that began earlier are led by them too. */
  add(forwards: readonly PortForward[]): Promise<void>;
  /** Fine for what is not there. UDP flows that they led end. */
  remove(forwards: readonly PortForward[]): Promise<void>;
  /** Other programs' chains that drop what none of their rules names, as of now. */
  obstacles(): Promise<Obstacles>;
  /** As nft(8) shows it. */
  readonly table: string;
  /** Deletes the table; fine when it is gone. */
  destroy(): Promise<void>;
}

export interface Obstacles {
  /** To what comes to ports of the host. */
  readonly input: readonly ForeignChain[];
  /** To what is forwarded; without those that let our bridges through. */
  readonly forward: readonly ForeignChain[];
}

export interface FirewallState {
  readonly bridges: readonly FirewallBridge[];
  readonly forwards: readonly PortForward[];
}

/**
 * From outside of a bridge only published ports are reached, by an address of the host; from an internal one nothing outside, and nothing
 * from outside reaches it.
 */
export interface FirewallBridge {
  readonly link: string;
  /** `a.b.c.d/n`; absent: no IPv4 there. */
  readonly subnet?: string;
  /** `x::/n`; absent: no IPv6 there. */
  readonly subnet6?: string;
  /** What leaves has the host's address; of IPv4, and of IPv6. */
  readonly masquerade4: boolean;
  readonly masquerade6: boolean;
  /** The address it has then; absent: that of the link it leaves by. */
  readonly source4?: string;
  readonly source6?: string;
  /** Containers of the bridge reach each other. */
  readonly icc: boolean;
  readonly internal: boolean;
  /** nat: by published ports only; nat-unprotected: by every port; routed: published ports by the container's own address; isolated: not at all. */
  readonly gatewayMode4: FirewallGatewayMode;
  readonly gatewayMode6: FirewallGatewayMode;
  /** Links of the host from which published ports are reached by the container's own address as well. */
  readonly trustedHostInterfaces: readonly string[];
  /** They are from every link. */
  readonly directRouting: boolean;
}

export type FirewallGatewayMode = 'nat' | 'nat-unprotected' | 'routed' | 'isolated';

export type PortProtocol = 'tcp' | 'udp' | 'sctp';

export interface PortForward {
  readonly protocol: PortProtocol;
  /** `0.0.0.0`, `::`: every address of the host. */
  readonly hostIp: string;
  /** 0: none; the port is open at the container's own address. */
  readonly hostPort: number;
  readonly containerIp: string;
  readonly containerPort: number;
  /** Taken by a process of the host and passed on, so that the host's own input rules decide who reaches it. */
  readonly byHost?: true;
}
