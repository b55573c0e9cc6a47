import type { PortMap } from '../../api/types/container.ts';
import type { EndpointSettings, Network } from '../../api/types/network.ts';

/**
 * What the container rules need of networks: ready network namespaces with addresses, and published ports.
 * Endpoints are durable: after a daemon crash they are known again, and no address or host port is handed out twice.
 */
export interface ContainerNetworking {
  /**
   * Makes the container's network namespace, its endpoints and published ports; all or nothing. For mode `host`, and for
   * `container:<id>` (netns of the other container), no namespace is made.
   * Errors: texts of Docker (`driver failed programming external connectivity on endpoint ...: Bind for 0.0.0.0:80 failed: port is already allocated`, ...).
   */
  attach(request: NetworkRequest): Promise<NetworkAttachment>;

  /** Releases ports, addresses, links and the namespace; idempotent, tolerates "already gone". */
  release(containerId: string): Promise<void>;

  /** Live endpoint of a running container per network name, else undefined. */
  current(containerId: string): NetworkAttachment | undefined;

  /**
   * Connects a running container to one more bridge. The default route and published ports go where they would after a start.
   * Errors: not_found, forbidden when it is connected, those of attach.
   */
  connect(request: ConnectRequest): Promise<NetworkAttachment>;

  /** Takes a running container off a network. Errors: not_found, forbidden when it is not connected. */
  disconnect(containerId: string, network: string): Promise<NetworkAttachment>;

  /** The name by which others find it. */
  rename(containerId: string, name: string): void;

  /**
   * After a daemon restart: keep what belongs to `running`, remove everything else of ours (namespaces, veths, rules, leases). A running
   * container keeps its endpoints on the networks that its record names (`networksOf`), and no others: a connect or disconnect was cut short.
   */
  recover(running: readonly string[], networksOf: (containerId: string) => readonly string[]): Promise<void>;

  /** Checks a create request's network settings (name or id known, static ip allowed, ...); returns the network's canonical name. Errors: not_found, invalid_parameter. */
  resolve(
    nameOrId: string,
    settings?: EndpointSettings,
  ): { readonly id: string; readonly name: string; readonly driver: string };

  /** What `host-gateway` means to --add-host: as the daemon was told, else the addresses of the default bridge. */
  hostGateways(): readonly string[];

  /** The network as inspect shows it, with live endpoints. */
  inspect(nameOrId: string): Network;
}

export interface NetworkRequest {
  readonly containerId: string;
  readonly containerName: string;
  readonly hostname: string;
  /** Normalised HostConfig.NetworkMode: `bridge`, `none`, `host`, or a network's name. `container:` is solved by the caller. */
  readonly mode: string;
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
  readonly portBindings: PortMap;
  /** `80/tcp` style keys; used by publishAll. */
  readonly exposedPorts: readonly string[];
  readonly publishAll: boolean;
  readonly sysctls: Readonly<Record<string, string>>;
  /** Resolvers of its own; empty: the host's. */
  readonly dns?: readonly string[];
  /** Options of its own for resolv.conf; empty: the host's. */
  readonly dnsOptions?: readonly string[];
  /** File of the user namespace that its network belongs to; none: the host's. */
  readonly userns?: string;
  /** Of the container: some say how ports are published. */
  readonly labels?: Readonly<Record<string, string>>;
}

export interface ConnectRequest {
  readonly containerId: string;
  /** Name or id. */
  readonly network: string;
  readonly settings: EndpointSettings;
}

export interface HostLine {
  readonly ip: string;
  readonly names: readonly string[];
}

export interface NetworkAttachment {
  /** Path of the network namespace to put into the OCI spec; undefined for host mode. */
  readonly netnsPath: string | undefined;
  /** Per network name, as NetworkSettings.Networks shows it. */
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
  /** As NetworkSettings.Ports shows it: actual host ports; exposed but unpublished ports are null. */
  readonly ports: PortMap;
  readonly sandboxId: string;
  readonly sandboxKey: string;
  /** Lines for /etc/hosts: this container's own addresses. */
  readonly hosts: readonly HostLine[];
  /** Those of containers that it has links to. */
  readonly linkedHosts?: readonly HostLine[];
  /** Names are resolved at 127.0.0.11 inside. */
  readonly hasResolver: boolean;
}
