import type { EndpointSettings } from '../../api/types/network.ts';
import type { PortForward } from '../../linux/firewall/firewall.ts';

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

/** A bridge network, as asked for and as planned. */
export interface NetworkRecord {
  /** 64 hex digits. */
  readonly id: string;
  readonly name: string;
  /** RFC 3339, UTC. */
  readonly created: string;
  /** The bridge's name. */
  readonly link: string;
  /** `a.b.c.d/n` */
  readonly subnet: string;
  readonly gateway: string;
  /** Addresses are given from here alone; absent: from the whole subnet. */
  readonly ipRange?: string;
  /** Addresses that are never given out. */
  readonly aux: Readonly<Record<string, string>>;
  /** The user chose the subnet. */
  readonly chosen: boolean;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly icc: boolean;
  readonly masquerade: boolean;
  readonly mtu?: number;
  readonly hostIp?: string;
  /** As given. */
  readonly options: Readonly<Record<string, string>>;
  readonly ipamOptions: Readonly<Record<string, string>> | null;
  readonly labels: Readonly<Record<string, string>>;
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
  /** What is to be published, wherever the default route goes. */
  readonly wishes: readonly PublishWish[];
  readonly forwards: readonly PortForward[];
  readonly exposed: readonly string[];
  /** Resolvers of its own (`--dns`); empty: the host's. */
  readonly dns: readonly string[];
}

/** A port to publish: see PortWish of the engine's port plan. */
export interface PublishWish {
  readonly containerPort: number;
  readonly protocol: 'tcp' | 'udp';
  readonly hostIps: readonly string[];
  readonly hostPorts: readonly number[];
}

export interface EndpointRecord {
  /** The network's name. */
  readonly network: string;
  readonly networkId: string;
  readonly endpointId: string;
  /** Of bridges only. */
  readonly bridged?: {
    readonly ip: string;
    readonly mac: string;
    /** The end on the host, and the one inside. */
    readonly hostLink: string;
    readonly link: string;
  };
  /** As asked for: aliases, address, priority. */
  readonly settings: EndpointSettings;
}
