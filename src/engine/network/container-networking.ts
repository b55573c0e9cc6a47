import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Network } from '../../api/types/network.ts';
import { KnownError } from '../../lib/errors.ts';
import type { Firewall } from '../../linux/firewall/firewall.ts';
import type { HostPorts } from '../../linux/firewall/host-ports.ts';
import type { PortProxies } from '../../linux/firewall/port-proxies.ts';
import type { NetworkNamespaces } from '../../linux/netns/network-namespaces.ts';
import type { EndpointRecord, NetworkRecords } from '../../store/record/network-records.ts';
import type { EventBus } from '../event/event.ts';
import { toAttachment } from './attachment.ts';
import { defaultPools, formatSubnet, gatewayOf, lowestFree, macOf, overlaps, parseCidr, type Subnet } from './ipam.ts';
import type { ContainerNetworking, NetworkRequest } from './network.ts';
import { planPorts } from './port-plan.ts';
import { createPortPublisher, ofFirewall } from './port-publisher.ts';

export interface NetworkingDeps {
  readonly records: NetworkRecords;
  readonly namespaces: NetworkNamespaces;
  readonly firewall: Firewall;
  readonly ports: HostPorts;
  readonly proxies: PortProxies;
  readonly events: EventBus;
  /** Folder of the namespaces' files. */
  readonly netnsDir: string;
  readonly bridge: string;
  /** `--bip`: address and length; undefined: the first default pool that nobody uses. */
  readonly bridgeAddress?: string;
  readonly report: (what: string, error: unknown) => void;
}

export interface EngineNetworking extends ContainerNetworking {
  list(): readonly Network[];
  /** Takes the bridge and the firewall table away when nobody uses them. */
  shutdown(): Promise<void>;
}

/** The three networks every engine has: `bridge`, `host` and `none`. */
export async function createContainerNetworking(deps: NetworkingDeps): Promise<EngineNetworking> {
  const { records, namespaces, firewall, events } = deps;
  const endpoints = new Map(records.list().map((record) => [record.containerId, record]));
  const published = (): EndpointRecord['forwards'] => [...endpoints.values()].flatMap(({ forwards }) => forwards);
  const publisher = createPortPublisher({ ...deps, published });
  const subnet = chooseSubnet(deps);
  const gateway = parseCidr(deps.bridgeAddress ?? '')?.ip ?? gatewayOf(subnet);
  namespaces.ensureBridge(deps.bridge, gateway, subnet.prefixLength);
  namespaces.setSysctl('net/ipv4/ip_forward', '1');
  namespaces.setSysctl(`net/ipv4/conf/${deps.bridge}/route_localnet`, '1');
  await firewall.reset(formatSubnet(subnet), ofFirewall(published()));
  const ids = {
    bridge: networkId(records, 'bridge'),
    host: networkId(records, 'host'),
    none: networkId(records, 'none'),
  };
  const hostnames = new Map<string, string>();
  const linkPrefix = `sk${fingerprint(deps.bridge)}`;

  const attachmentOf = (record: EndpointRecord): ReturnType<typeof toAttachment> =>
    toAttachment(
      record,
      { id: ids[record.network], gateway, prefixLength: subnet.prefixLength },
      hostnames.get(record.containerId) ?? record.containerId.slice(0, 12),
    );
  const tell = (action: string, { containerId, network }: EndpointRecord): void =>
    events.publish({
      type: 'network',
      action,
      id: ids[network],
      attributes: { container: containerId, name: network, type: network === 'none' ? 'null' : network },
    });
  const keep = (record: EndpointRecord): void => {
    endpoints.set(record.containerId, record);
    records.put(record);
  };
  const takenAddresses = (): ReadonlySet<string> =>
    new Set([gateway, ...[...endpoints.values()].flatMap(({ bridged }) => (bridged ? [bridged.ip] : []))]);

  const drop = async (record: EndpointRecord): Promise<void> => {
    await publisher.unpublish(record.forwards);
    // The wire goes with the namespace, in the kernel's own time: waiting for it costs tens of milliseconds.
    if (record.netnsPath) namespaces.remove(record.netnsPath);
    records.remove(record.containerId);
    endpoints.delete(record.containerId);
    hostnames.delete(record.containerId);
  };

  const networking: EngineNetworking = {
    resolve(nameOrId) {
      const name = nameOf(nameOrId);
      return { id: ids[name], name, driver: name === 'none' ? 'null' : name };
    },
    async attach(request) {
      checkEndpoints(request);
      const network = nameOf(request.mode);
      const wishes =
        network === 'bridge' ? planPorts(request.portBindings, request.exposedPorts, request.publishAll) : [];
      const base = {
        containerId: request.containerId,
        containerName: request.containerName,
        network,
        endpointId: newId(),
        sandboxId: newId(),
        exposed: request.exposedPorts,
      };
      hostnames.set(request.containerId, request.hostname);
      const planned: EndpointRecord = {
        ...base,
        forwards: [],
        ...(network !== 'host' && { netnsPath: join(deps.netnsDir, base.sandboxId.slice(0, 12)) }),
        ...(network === 'bridge' && {
          bridged: planBridged(subnet, takenAddresses(), `${linkPrefix}${base.endpointId.slice(0, 7)}`),
        }),
      };
      // Recorded before anything is made: after a crash whatever exists is known and can be taken away.
      keep(planned);
      try {
        if (planned.netnsPath) namespaces.create(planned.netnsPath);
        if (planned.netnsPath && planned.bridged)
          namespaces.connect(planned.netnsPath, {
            bridge: deps.bridge,
            hostName: planned.bridged.hostLink,
            mac: planned.bridged.mac,
            ip: planned.bridged.ip,
            prefixLength: subnet.prefixLength,
            gateway,
          });
        const record = wishes.length > 0 ? await publisher.publish(planned, wishes, keep) : planned;
        tell('connect', record);
        return attachmentOf(record);
      } catch (error) {
        await drop(endpoints.get(request.containerId) ?? planned);
        throw error;
      }
    },
    async release(containerId) {
      const record = endpoints.get(containerId);
      if (!record) return;
      await drop(record);
      tell('disconnect', record);
    },
    current(containerId) {
      const record = endpoints.get(containerId);
      return record && attachmentOf(record);
    },
    async recover(running) {
      for (const record of [...endpoints.values()].filter(({ containerId }) => !running.includes(containerId)))
        await drop(record);
      const known = new Set([...endpoints.values()].flatMap(({ bridged }) => (bridged ? [bridged.hostLink] : [])));
      for (const link of namespaces.linksNamed(linkPrefix)) if (!known.has(link)) namespaces.removeLink(link);
      await publisher.recover(published());
    },
    inspect(nameOrId) {
      const { name } = networking.resolve(nameOrId);
      const found = networking.list().find(({ Name }) => Name === name);
      if (!found) throw new KnownError('not_found', `network ${nameOrId} not found`);
      return found;
    },
    list: () => [
      describe('bridge', ids.bridge, 'bridge', {
        Config: [{ Subnet: formatSubnet(subnet), Gateway: gateway }],
        Options: bridgeOptions(deps.bridge),
      }),
      describe('host', ids.host, 'host', {}),
      describe('none', ids.none, 'null', {}),
    ],
    async shutdown() {
      if (endpoints.size > 0) return;
      await firewall.destroy();
      namespaces.removeLink(deps.bridge);
    },
  };
  return networking;

  function nameOf(nameOrId: string): 'bridge' | 'host' | 'none' {
    const found = (['bridge', 'host', 'none'] as const).find(
      (name) => name === nameOrId || ids[name] === nameOrId || (nameOrId.length >= 4 && ids[name].startsWith(nameOrId)),
    );
    if (!found) throw new KnownError('not_found', `network ${nameOrId} not found`);
    return found;
  }

  function describe(
    name: 'bridge' | 'host' | 'none',
    id: string,
    driver: string,
    extra: { readonly Config?: NonNullable<Network['IPAM']>['Config']; readonly Options?: Record<string, string> },
  ): Network {
    const members = [...endpoints.values()].filter(({ network }) => network === name);
    return {
      Name: name,
      Id: id,
      Created: records.fact('created') ?? records.keepFact('created', new Date().toISOString()),
      Scope: 'local',
      Driver: driver,
      EnableIPv4: true,
      EnableIPv6: false,
      IPAM: { Driver: 'default', Config: extra.Config ?? [] },
      Internal: false,
      Attachable: false,
      Ingress: false,
      ConfigFrom: { Network: '' },
      ConfigOnly: false,
      Containers: Object.fromEntries(
        members.map(({ containerId, containerName, endpointId, bridged }) => [
          containerId,
          {
            Name: containerName,
            EndpointID: endpointId,
            MacAddress: bridged?.mac ?? '',
            IPv4Address: bridged ? `${bridged.ip}/${subnet.prefixLength}` : '',
            IPv6Address: '',
          },
        ]),
      ),
      Options: extra.Options ?? {},
      Labels: {},
    };
  }
}

/** Kept while containers have addresses of it, or nobody else uses it: between two daemons another may have taken it. */
function chooseSubnet({ records, namespaces, bridge, bridgeAddress }: NetworkingDeps): Subnet {
  const wanted = bridgeAddress === undefined ? undefined : parseCidr(bridgeAddress);
  if (bridgeAddress !== undefined && !wanted)
    throw new KnownError('invalid_parameter', `invalid bridge address (--bip): ${bridgeAddress}`);
  if (wanted) return wanted;
  const routes = namespaces
    .routes()
    .flatMap(({ link, network, prefixLength }) => ({ link, subnet: parseCidr(`${network}/${prefixLength}`) }));
  const own = routes.find(({ link }) => link === bridge)?.subnet;
  if (own) return own;
  const used = routes.flatMap(({ subnet }) => subnet ?? []);
  const isFree = (pool: Subnet): boolean => !used.some((other) => overlaps(pool, other));
  const kept = parseCidr(records.fact('subnet') ?? '');
  const inUse = records.list().some(({ bridged }) => bridged !== undefined);
  const chosen = kept && (inUse || isFree(kept)) ? kept : defaultPools().find(isFree);
  if (!chosen) throw new KnownError('system', 'all default address pools are in use; choose one with --bip');
  records.keepFact('subnet', formatSubnet(chosen));
  return chosen;
}

function planBridged(
  subnet: Subnet,
  taken: ReadonlySet<string>,
  hostLink: string,
): NonNullable<EndpointRecord['bridged']> {
  const ip = lowestFree(subnet, taken);
  if (ip === undefined)
    throw new KnownError(
      'system',
      `no available IPv4 addresses on this network's address pools: bridge (${formatSubnet(subnet)})`,
    );
  return { ip, mac: macOf(ip), hostLink };
}

/** What only user-defined networks have. */
function checkEndpoints({ endpoints }: NetworkRequest): void {
  for (const settings of Object.values(endpoints)) {
    if (settings.IPAMConfig?.IPv4Address || settings.IPAMConfig?.IPv6Address)
      throw new KnownError(
        'invalid_parameter',
        'invalid endpoint settings: user specified IP address is supported on user defined networks only',
      );
    if (settings.Aliases?.length)
      throw new KnownError(
        'invalid_parameter',
        'invalid endpoint settings: network-scoped aliases are only supported for user-defined networks',
      );
  }
}

function bridgeOptions(bridge: string): Record<string, string> {
  return {
    'com.docker.network.bridge.default_bridge': 'true',
    'com.docker.network.bridge.enable_icc': 'true',
    'com.docker.network.bridge.enable_ip_masquerade': 'true',
    'com.docker.network.bridge.host_binding_ipv4': '0.0.0.0',
    'com.docker.network.bridge.name': bridge,
    'com.docker.network.driver.mtu': '1500',
  };
}

function networkId(records: NetworkRecords, name: string): string {
  return records.fact(`id of ${name}`) ?? records.keepFact(`id of ${name}`, newId());
}

function newId(): string {
  return randomBytes(32).toString('hex');
}

/** Three letters that tell one bridge's links from another's. */
function fingerprint(bridge: string): string {
  let sum = 0;
  for (const char of bridge) sum = (sum * 31 + char.charCodeAt(0)) % 46_656;
  return sum.toString(36).padStart(3, '0');
}
