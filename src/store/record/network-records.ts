import type { EndpointSettings } from '../../api/types/network.ts';
import type { PortForward, PortProtocol } from '../../linux/firewall/firewall.ts';

/**
 * User-defined networks, and the network side of running containers, durable: no address or port is handed out twice, whatever crashes.
 * What exists in the kernel has a record.
 */
export interface NetworkRecords {
  /** Oldest first. */
  networks(): readonly NetworkRecord[];
  /** Errors: conflict when the name is taken. */
  putNetwork(record: NetworkRecord): void;
  /** Fine when it is gone. */
  removeNetwork(id: string): void;
  list(): readonly SandboxRecord[];
  put(record: SandboxRecord): void;
  remove(containerId: string): void;
  /** A value kept under that name. */
  fact(name: string): string | undefined;
  /** Keeps a value, instead of an earlier one; returns it. */
  keepFact(name: string, value: string): string;
}

export type NetworkDriver = 'bridge' | 'macvlan' | 'ipvlan';

/** How a network's containers are reached from outside, as Docker's `gateway_mode_ipv4|6`. */
export type GatewayMode = 'nat' | 'nat-unprotected' | 'routed' | 'isolated';

/** A user-defined network or the default bridge, as asked for and as planned. */
export interface NetworkRecord {
  /** 64 hex digits. */
  readonly id: string;
  readonly name: string;
  /** RFC 3339, UTC. */
  readonly created: string;
  /** `null`: a network that is only a configuration for others. */
  readonly driver: NetworkDriver | 'null';
  /** Name of the bridge, or of the link below macvlan and ipvlan; empty when there is none. */
  readonly link: string;
  /** The link below was made by us, and goes with the network. */
  readonly ownsLink: boolean;
  /** At most one of each family on a bridge. */
  readonly subnets: readonly SubnetRecord[];
  readonly enableIPv4: boolean;
  readonly enableIPv6: boolean;
  readonly internal: boolean;
  /** What inspect says of it, where that is another thing: without a parent, macvlan and ipvlan are internal unasked. */
  readonly shownInternal?: boolean;
  readonly attachable: boolean;
  /** Containers of a bridge reach each other. */
  readonly icc: boolean;
  readonly masquerade4: boolean;
  readonly masquerade6: boolean;
  readonly gatewayMode4: GatewayMode;
  readonly gatewayMode6: GatewayMode;
  /** Links of the host from which unpublished ports are reached as well. */
  readonly trustedHostInterfaces: readonly string[];
  /** Addresses of the host that what leaves the network comes from; absent: that of the link it leaves by. */
  readonly source4?: string;
  readonly source6?: string;
  /** The bridge gets no IPv4 address. */
  readonly inhibitIPv4: boolean;
  /** Names of links inside begin so; absent: `eth`. */
  readonly linkPrefix?: string;
  readonly mtu?: number;
  /** Published ports without a host address are bound here. */
  readonly hostIp?: string;
  /** macvlan: `bridge|private|vepa|passthru`; ipvlan: `l2|l3|l3s`. */
  readonly mode?: string;
  /** ipvlan: `bridge|private|vepa`. */
  readonly flag?: string;
  readonly configOnly: boolean;
  /** Name of the network whose configuration was taken. */
  readonly configFrom?: string;
  /** As given. */
  readonly options: Readonly<Record<string, string>>;
  readonly ipamOptions: Readonly<Record<string, string>> | null;
  readonly labels: Readonly<Record<string, string>>;
}

/** A subnet of a network, and what is given from it. */
export interface SubnetRecord {
  readonly family: 4 | 6;
  /** `a.b.c.d/n` or `x::/n`, canonical. */
  readonly subnet: string;
  /** Absent where nobody has one: internal macvlan, ipvlan in l3, a gateway mode without host. */
  readonly gateway?: string;
  /** Nobody named the gateway of a subnet that somebody named: then inspect does not either. */
  readonly gatewayUnnamed?: true;
  /** Where the default routes of containers go instead. */
  readonly router?: string;
  /** Addresses are given from here alone; absent: from the whole subnet. */
  readonly ipRange?: string;
  /** Addresses that are never given out. */
  readonly aux: Readonly<Record<string, string>>;
  /** The user chose the subnet: only then may containers ask for an address. */
  readonly chosen: boolean;
}

/** The network side of a running container. */
export interface SandboxRecord {
  readonly containerId: string;
  readonly containerName: string;
  readonly hostname: string;
  readonly sandboxId: string;
  /** undefined for host networking. */
  readonly netnsPath?: string;
  /** In the order in which they were connected. */
  readonly endpoints: readonly EndpointRecord[];
  /** The container has switched IPv6 off: its endpoints get no such address. */
  readonly withoutIPv6?: boolean;
  /** What is to be published, wherever the default route goes. */
  readonly wishes: readonly PublishWish[];
  readonly forwards: readonly PortForward[];
  readonly exposed: readonly string[];
  /** Resolvers of its own (`--dns`); empty: the host's. */
  readonly dns: readonly string[];
  /** Options of its own (`--dns-option`); absent or empty: the host's. */
  readonly dnsOptions?: readonly string[];
}

/** A port to publish: see PortWish of the engine's port plan. */
export interface PublishWish {
  readonly containerPort: number;
  readonly protocol: PortProtocol;
  readonly hostIps: readonly string[];
  readonly hostPorts: readonly number[];
  readonly byHost?: true;
}

export interface EndpointRecord {
  /** The network's name. */
  readonly network: string;
  readonly networkId: string;
  readonly endpointId: string;
  /** Absent on `host` and `none`. */
  readonly wired?: WireRecord;
  /** As asked for: aliases, address, priority. */
  readonly settings: EndpointSettings;
}

/** The link of a container into a network. */
export interface WireRecord {
  /** IPv4; absent on a network without. */
  readonly ip?: string;
  /** IPv6, canonical; absent on a network without. */
  readonly ip6?: string;
  /** More addresses, of the link's own scope. */
  readonly linkLocalIps?: readonly string[];
  readonly mac: string;
  /** The end on the host; absent for macvlan and ipvlan, whose link is inside alone. */
  readonly hostLink?: string;
  /** The end inside. */
  readonly link: string;
  /** Settings of the link inside, as `net.ipv4.conf.eth0.forwarding`. */
  readonly sysctls?: Readonly<Record<string, string>>;
}
