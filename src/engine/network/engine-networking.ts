import type { Network } from '../../api/types/network.ts';
import type { PortExplanation } from '../../api/types/port-explanation.ts';
import type { Firewall } from '../../linux/firewall/firewall.ts';
import type { HostPorts } from '../../linux/firewall/host-ports.ts';
import type { PortProxies } from '../../linux/firewall/port-proxies.ts';
import type { DnsSockets } from '../../linux/netns/dns-sockets.ts';
import type { NetworkNamespaces } from '../../linux/netns/network-namespaces.ts';
import type { NetworkRecords } from '../../store/record/network-records.ts';
import type { EventBus } from '../event/event.ts';
import type { DefaultBridgeSettings } from './default-bridge.ts';
import type { NetworkOptions } from './default-options.ts';
import type { Resolver } from './dns/resolver.ts';
import type { ContainerNetworking } from './network.ts';
import type { AddressPools } from './pools.ts';
import type { PublishMode } from './publish-policy.ts';

export interface NetworkingDeps {
  readonly records: NetworkRecords;
  readonly namespaces: NetworkNamespaces;
  readonly firewall: Firewall;
  readonly ports: HostPorts;
  readonly proxies: PortProxies;
  readonly events: EventBus;
  readonly dnsSockets: DnsSockets;
  readonly resolver: Resolver;
  /** Folder of the namespaces' files. */
  readonly netnsDir: string;
  readonly bridge: string;
  readonly defaultBridge?: DefaultBridgeSettings;
  /** `default-address-pools`; undefined: Docker's own. */
  readonly addressPools?: readonly AddressPools[];
  /** `default-network-opts`; undefined: none. */
  readonly networkOptions?: NetworkOptions;
  /** `allow-direct-routing`; undefined: false. */
  readonly directRouting?: boolean;
  /** What `host-gateway` means; undefined or none: the gateways of the default bridge. */
  readonly hostGatewayIps?: readonly string[];
  /** Of ports whose container says nothing of it; undefined: `docker`. */
  readonly publishedPorts?: PublishMode;
  readonly report: (what: string, error: unknown) => void;
}

export interface EngineNetworking extends ContainerNetworking {
  list(): readonly Network[];
  /** Body of POST /networks/create. Resolves with the id when containers can join it. */
  create(body: Readonly<Record<string, unknown>>): Promise<string>;
  /** Errors: not_found, forbidden for predefined networks and those with endpoints. */
  remove(nameOrId: string): Promise<Network>;
  /** From where the published ports of a running container are reached; none for one that does not run. */
  explain(containerId: string): Promise<readonly PortExplanation[]>;
  /** Takes the bridges and the firewall table away when nobody uses them. */
  shutdown(): Promise<void>;
}
