import { join } from 'node:path';
import type { EndpointSettings } from '../../api/types/network.ts';
import type { PortForward } from '../../linux/firewall/firewall.ts';
import type { EndpointRecord, GatewayMode, NetworkRecord, SandboxRecord } from '../../store/record/network-records.ts';
import { hasResolver, type NetworkLookup, toAttachment } from './attachment.ts';
import { parseNetworkCreate } from './create-request.ts';
import { createContainerResolvers } from './dns/container-resolvers.ts';
import type { EngineNetworking, NetworkingDeps } from './engine-networking.ts';
import {
  activeEndpoints,
  endpointExists,
  notConnected,
  predefinedRemove,
  privateMode,
  sharedNamespace,
} from './errors.ts';
import type { NetworkRequest } from './network.ts';
import { createNetworkTable, type KnownNetwork, newId } from './networks.ts';
import { checkEndpoint, freeLinkName, gatewayEndpoint, planAddress } from './plan-endpoint.ts';
import { planPorts } from './port-plan.ts';
import { createPortPublisher, ofFirewall, type Publication, type PublishTarget } from './port-publisher.ts';
import { prefixLengthOf, routerOf, subnetOf } from './subnets.ts';

/** The three networks every engine has, and the user-defined ones; and the namespaces of running containers. */
export async function createContainerNetworking(deps: NetworkingDeps): Promise<EngineNetworking> {
  const { records, namespaces, firewall, events } = deps;
  const networks = createNetworkTable(deps);
  const sandboxes = new Map(records.list().map((record) => [record.containerId, record]));
  const published = (): readonly PortForward[] => [...sandboxes.values()].flatMap(({ forwards }) => forwards);
  const publisher = createPortPublisher({ ...deps, published });
  const resetFirewall = (): Promise<void> =>
    firewall.reset(() => ({ bridges: networks.bridges(), forwards: ofFirewall(published()) }));
  namespaces.setSysctl('net/ipv4/ip_forward', '1');
  await resetFirewall();
  const linkPrefix = `sk${fingerprint(deps.bridge)}`;

  const bridgeOf: NetworkLookup = (id) => {
    const network = networks.byId(id);
    return network?.kind === 'bridge' ? network : undefined;
  };
  const recordOf = (id: string): NetworkRecord | undefined => bridgeOf(id)?.record;
  const gatewayOf = ({ endpoints }: SandboxRecord): EndpointRecord | undefined => gatewayEndpoint(endpoints, recordOf);
  const tell = (action: string, { id, name, kind }: KnownNetwork, containerId?: string): void =>
    events.publish({
      type: 'network',
      action,
      id,
      attributes: {
        ...(containerId !== undefined && { container: containerId }),
        name,
        type: kind === 'none' ? 'null' : kind,
      },
    });
  const tellOf = (action: string, { networkId }: EndpointRecord, containerId: string): void => {
    const network = networks.byId(networkId);
    if (network) tell(action, network, containerId);
  };
  const keep = (record: SandboxRecord): SandboxRecord => {
    sandboxes.set(record.containerId, record);
    records.put(record);
    return record;
  };
  const membersOf = (networkId: string): readonly SandboxRecord[] =>
    [...sandboxes.values()].filter(({ endpoints }) => endpoints.some((endpoint) => endpoint.networkId === networkId));

  const resolvers = createContainerResolvers({
    sockets: deps.dnsSockets,
    resolver: deps.resolver,
    viewOf(containerId) {
      const own = sandboxes.get(containerId);
      return own && { own, all: [...sandboxes.values()], networkOf: bridgeOf };
    },
  });
  const settleResolver = (record: SandboxRecord): void => {
    if (record.netnsPath && hasResolver(record, bridgeOf)) resolvers.open(record.containerId, record.netnsPath);
    else resolvers.close(record.containerId);
  };

  const drop = async (record: SandboxRecord): Promise<void> => {
    resolvers.close(record.containerId);
    await publisher.unpublish(record.forwards);
    // The wires go with the namespace, in the kernel's own time: waiting for it costs tens of milliseconds.
    if (record.netnsPath) namespaces.remove(record.netnsPath);
    sandboxes.delete(record.containerId);
    try {
      records.remove(record.containerId);
    } catch (error) {
      deps.report(`forgetting the endpoints of container ${record.containerId}`, error); // recovery does it
    }
  };

  const networking: EngineNetworking = {
    resolve(nameOrId, settings) {
      const network = networks.find(nameOrId);
      if (settings) checkEndpoint(settings, placeOf(network));
      const { id, name, kind } = network;
      return { id, name, driver: kind === 'none' ? 'null' : kind };
    },
    async attach(request) {
      const planned = keep(plan(request));
      // Recorded before anything is made: after a crash whatever exists is known and can be taken away.
      try {
        if (planned.netnsPath) namespaces.create(planned.netnsPath);
        const gateway = gatewayOf(planned);
        for (const endpoint of planned.endpoints) wire(planned, endpoint, endpoint === gateway);
        settleResolver(planned);
        const record = gateway ? await publish(planned, gateway) : planned;
        for (const endpoint of record.endpoints) tellOf('connect', endpoint, record.containerId);
        return toAttachment(record, bridgeOf);
      } catch (error) {
        await drop(sandboxes.get(request.containerId) ?? planned);
        throw error;
      }
    },
    async release(containerId) {
      const record = sandboxes.get(containerId);
      if (!record) return;
      await drop(record);
      for (const endpoint of record.endpoints) tellOf('disconnect', endpoint, containerId);
    },
    current(containerId) {
      const record = sandboxes.get(containerId);
      return record && toAttachment(record, bridgeOf);
    },
    async connect({ containerId, network: nameOrId, settings }) {
      const before = sandboxOf(containerId);
      const network = networks.find(nameOrId);
      if (before.endpoints.some(({ networkId }) => networkId === network.id))
        throw endpointExists(before.containerName, network.name);
      if (!before.netnsPath || network.kind === 'host') throw sharedNamespace();
      if (network.kind === 'none' || before.endpoints.some(({ network: name }) => name === 'none')) throw privateMode();
      const endpoint = planEndpoint(network, settings, before.endpoints);
      const joined = keep({ ...before, endpoints: [...before.endpoints, endpoint] });
      try {
        wire(joined, endpoint, false);
        settleResolver(joined);
        const record = await settleGateway(joined);
        tell('connect', network, containerId);
        return toAttachment(record, bridgeOf);
      } catch (error) {
        settleResolver(await unwire(sandboxOf(containerId), [endpoint]));
        throw error;
      }
    },
    async disconnect(containerId, nameOrId) {
      const before = sandboxOf(containerId);
      const network = networks.find(nameOrId);
      const leaving = before.endpoints.filter(({ networkId }) => networkId === network.id);
      if (leaving.length === 0) throw notConnected(containerId, network.name);
      const record = await unwire(before, leaving);
      settleResolver(record);
      tell('disconnect', network, containerId);
      return toAttachment(record, bridgeOf);
    },
    rename(containerId, containerName) {
      const record = sandboxes.get(containerId);
      if (record) keep({ ...record, containerName });
    },
    async recover(running, networksOf) {
      for (const record of records.list()) {
        if (!running.includes(record.containerId)) await drop(record);
        else settleResolver(await unwire(record, cutShort(record, networksOf(record.containerId))));
      }
      const ends = [...sandboxes.values()].flatMap(({ endpoints }) => endpoints.map(({ wired }) => wired?.hostLink));
      const links = [...ends, ...networks.bridges().map(({ link }) => link)];
      for (const link of namespaces.linksNamed(linkPrefix)) if (!links.includes(link)) namespaces.removeLink(link);
      await publisher.recover(published());
    },
    inspect: (nameOrId) => networks.describe(networks.find(nameOrId), [...sandboxes.values()]),
    list: () => networks.all().map((network) => networks.describe(network, [...sandboxes.values()])),
    async create(body) {
      const record = networks.create(parseNetworkCreate(body));
      try {
        await resetFirewall();
      } catch (error) {
        networks.forget(record)();
        throw error;
      }
      tell('create', networks.find(record.id));
      return record.id;
    },
    async remove(nameOrId) {
      const network = networks.find(nameOrId);
      if (network.kind !== 'bridge' || network.builtin) throw predefinedRemove(network.name);
      const members = membersOf(network.id);
      if (members.length > 0)
        throw activeEndpoints(
          network.name,
          members.map((record) => {
            const endpoint = record.endpoints.find(({ networkId }) => networkId === network.id);
            return `name:"${record.containerName}" id:"${endpoint?.endpointId.slice(0, 12)}"`;
          }),
        );
      const shown = networks.describe(network, []);
      const finish = networks.forget(network.record);
      await resetFirewall();
      finish();
      tell('destroy', network);
      return shown;
    },
    async shutdown() {
      if (sandboxes.size > 0) return;
      await firewall.destroy();
      networks.removeBridges();
    },
  };
  return networking;

  function sandboxOf(containerId: string): SandboxRecord {
    const record = sandboxes.get(containerId);
    if (!record) throw sharedNamespace();
    return record;
  }

  /** Everything but the ports. Errors: those of the networks and endpoints. */
  function plan(request: NetworkRequest): SandboxRecord {
    const mode = networks.find(request.mode);
    const wanted = Object.keys(request.endpoints).map((name) => networks.find(name));
    const others = wanted.filter(({ id }) => id !== mode.id).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const isOff = wanted.length > 0 && others.length === wanted.length;
    if (others.length > 0 && mode.kind === 'host') throw sharedNamespace();
    if (others.length > 0 && [mode, ...others].some(({ kind }) => kind === 'none')) throw privateMode();
    const settingsOf = ({ id, name }: KnownNetwork): EndpointSettings =>
      request.endpoints[name] ?? request.endpoints[id] ?? request.endpoints[request.mode] ?? {};
    const endpoints: EndpointRecord[] = [];
    for (const network of [...(isOff ? [] : [mode]), ...others])
      endpoints.push(planEndpoint(network, settingsOf(network), endpoints));
    const gateway = gatewayEndpoint(endpoints, recordOf);
    const hostIp = gateway && recordOf(gateway.networkId)?.hostIp;
    const sandboxId = newId();
    return {
      containerId: request.containerId,
      containerName: request.containerName,
      hostname: request.hostname || request.containerId.slice(0, 12),
      sandboxId,
      ...(mode.kind !== 'host' && { netnsPath: join(deps.netnsDir, sandboxId.slice(0, 12)) }),
      endpoints,
      wishes:
        mode.kind === 'bridge' ? planPorts(request.portBindings, request.exposedPorts, request.publishAll, hostIp) : [],
      forwards: [],
      exposed: request.exposedPorts,
      dns: request.dns ?? [],
    };
  }

  function planEndpoint(
    network: KnownNetwork,
    settings: EndpointSettings,
    before: readonly EndpointRecord[],
  ): EndpointRecord {
    checkEndpoint(settings, placeOf(network));
    const endpointId = newId();
    const base = { network: network.name, networkId: network.id, endpointId, settings };
    if (network.kind !== 'bridge') return base;
    const taken = new Set(
      membersOf(network.id).flatMap(({ endpoints }) =>
        endpoints.flatMap(({ networkId, wired }) => (wired?.ip && networkId === network.id ? [wired.ip] : [])),
      ),
    );
    return {
      ...base,
      wired: {
        ...planAddress(network.record, settings, taken),
        hostLink: `${linkPrefix}${endpointId.slice(0, 7)}`,
        link: freeLinkName(before),
      },
    };
  }

  function wire({ netnsPath }: SandboxRecord, { wired, networkId }: EndpointRecord, isGateway: boolean): void {
    const network = recordOf(networkId);
    if (!netnsPath || !wired?.ip || !wired.hostLink || !network) return;
    const subnet = subnetOf(network, wired.ip);
    const gateway = routerOf(network, subnet);
    namespaces.connect(netnsPath, {
      bridge: network.link,
      hostName: wired.hostLink,
      linkName: wired.link,
      mac: wired.mac,
      ip: wired.ip,
      prefixLength: prefixLengthOf(subnet),
      ...(isGateway && gateway !== undefined && { gateway }),
      ...(network.mtu !== undefined && { mtu: network.mtu }),
      isolated: !network.icc,
    });
  }

  /** Takes endpoints away, in the kernel and then in the record. */
  async function unwire(record: SandboxRecord, leaving: readonly EndpointRecord[]): Promise<SandboxRecord> {
    if (leaving.length === 0) return record;
    for (const { wired } of leaving) if (wired?.hostLink) namespaces.removeLink(wired.hostLink);
    const ids = new Set(leaving.map(({ endpointId }) => endpointId));
    const rest = { ...record, endpoints: record.endpoints.filter(({ endpointId }) => !ids.has(endpointId)) };
    return keep(await settleGateway(rest));
  }

  /** Endpoints that a daemon which died has not made to the end, or not taken away to the end. */
  function cutShort({ endpoints }: SandboxRecord, joined: readonly string[]): readonly EndpointRecord[] {
    return endpoints.filter(
      ({ network, networkId, wired }) =>
        wired?.hostLink && (!joined.includes(network) || !recordOf(networkId) || !namespaces.hasLink(wired.hostLink)),
    );
  }

  /** The default route and the published ports go to the network they belong to by now. */
  async function settleGateway(record: SandboxRecord): Promise<SandboxRecord> {
    const { netnsPath, forwards } = record;
    if (!netnsPath) return record;
    const gateway = gatewayOf(record);
    const ip = gateway?.wired?.ip;
    const network = gateway && recordOf(gateway.networkId);
    namespaces.setGateway(
      netnsPath,
      network && ip !== undefined ? routerOf(network, subnetOf(network, ip)) : undefined,
    );
    if (forwards.length > 0 && ip === undefined) {
      await publisher.unpublish(forwards);
      return keep({ ...record, forwards: [] });
    }
    if (ip !== undefined && forwards.some(({ containerIp }) => containerIp !== ip))
      return keep({ ...record, forwards: await publisher.move(publicationOf(record, gateway)) });
    return gateway && forwards.length === 0 ? await publish(record, gateway) : record;
  }

  async function publish(record: SandboxRecord, gateway: EndpointRecord): Promise<SandboxRecord> {
    if (record.wishes.length === 0) return record;
    await publisher.publish(publicationOf(record, gateway), record.wishes, (held) => {
      keep({ ...(sandboxes.get(record.containerId) ?? record), endpoints: record.endpoints, forwards: held });
    });
    return sandboxes.get(record.containerId) ?? record;
  }

  function publicationOf(record: SandboxRecord, gateway: EndpointRecord | undefined): Publication {
    const { containerName, forwards } = record;
    const network = gateway && recordOf(gateway.networkId);
    const target = (ip: string | undefined, gatewayMode: GatewayMode | undefined): PublishTarget | undefined =>
      gateway && ip && gatewayMode ? { endpointId: gateway.endpointId, ip, gatewayMode } : undefined;
    return {
      containerName,
      forwards,
      ipv4: target(gateway?.wired?.ip, network?.gatewayMode4),
      ipv6: target(gateway?.wired?.ip6, network?.gatewayMode6),
    };
  }
}

/** What an endpoint may ask for there. */
function placeOf(network: KnownNetwork): 'default' | 'pooled' | 'chosen' {
  if (network.kind !== 'bridge' || network.builtin) return 'default';
  return network.record.subnets.some(({ chosen }) => chosen) ? 'chosen' : 'pooled';
}

/** Three letters that tell one bridge's links from another's. */
function fingerprint(bridge: string): string {
  let sum = 0;
  for (const char of bridge) sum = (sum * 31 + char.charCodeAt(0)) % 46_656;
  return sum.toString(36).padStart(3, '0');
}
