import type { PortForward } from '../../linux/firewall/firewall.ts';
import type { EndpointRecord, NetworkRecord, SandboxRecord } from '../../store/record/network-records.ts';
import { hasResolver, type NetworkLookup, toAttachment } from './attachment.ts';
import { checkEndpoint } from './check-endpoint.ts';
import { parseNetworkCreate } from './create-request.ts';
import { withDefaultOptions } from './default-options.ts';
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
import { explainPorts } from './explain-ports.ts';
import { chooseGateways } from './gateways.ts';
import { createNetworkTable, type KnownNetwork } from './networks.ts';
import { createPortPublisher } from './port-publisher.ts';
import { isSameTarget, publicationOf } from './publication.ts';
import { createSandboxPlanner, placeOf } from './sandbox-planner.ts';
import { createWiring } from './wiring.ts';

/** The three networks every engine has, and the user-defined ones; and the namespaces of running containers. */
export async function createContainerNetworking(deps: NetworkingDeps): Promise<EngineNetworking> {
  const { records, namespaces, firewall, events } = deps;
  const networks = createNetworkTable(deps);
  const sandboxes = new Map(records.list().map((record) => [record.containerId, record]));
  const published = (): readonly PortForward[] => [...sandboxes.values()].flatMap(({ forwards }) => forwards);
  const publisher = createPortPublisher({ ...deps, published });
  const resetFirewall = (): Promise<void> =>
    firewall.reset(() => ({ bridges: networks.bridges(), forwards: published() }));
  namespaces.setSysctl('net/ipv4/ip_forward', '1');
  await resetFirewall();
  const removals = new Set<Promise<void>>();
  const linkPrefix = `sk${fingerprint(deps.bridge)}`;

  const lookup: NetworkLookup = (id) => {
    const network = networks.byId(id);
    return network?.kind === 'recorded' ? network : undefined;
  };
  const recordOf = (id: string): NetworkRecord | undefined => lookup(id)?.record;
  const planner = createSandboxPlanner({
    networks,
    recordOf,
    sandboxes,
    netnsDir: deps.netnsDir,
    linkPrefix,
    publishedPorts: deps.publishedPorts ?? 'docker',
  });
  const wiring = createWiring(namespaces, recordOf);
  const tell = (action: string, network: KnownNetwork, containerId?: string): void =>
    events.publish({
      type: 'network',
      action,
      id: network.id,
      attributes: {
        ...(containerId !== undefined && { container: containerId }),
        name: network.name,
        type: driverOf(network),
      },
    });
  const tellOf = (action: string, { networkId }: EndpointRecord, containerId: string): void => {
    const network = networks.byId(networkId);
    if (network) tell(action, network, containerId);
  };
  const keep = (record: SandboxRecord): SandboxRecord => {
    records.put(record);
    sandboxes.set(record.containerId, record);
    return record;
  };

  const resolvers = createContainerResolvers({
    sockets: deps.dnsSockets,
    resolver: deps.resolver,
    sandboxes,
    networkOf: lookup,
  });
  const settleResolver = (record: SandboxRecord): void => {
    if (hasResolver(record, lookup)) resolvers.open(record);
    else resolvers.close(record.containerId);
  };

  const drop = async (record: SandboxRecord): Promise<void> => {
    resolvers.close(record.containerId);
    await withdraw(record);
    // A link of macvlan or ipvlan keeps its parent, and its address there, until it is gone.
    for (const endpoint of record.endpoints) if (endpoint.wired?.hostLink === undefined) wiring.leave(record, endpoint);
    // Other wires go with the namespace, in the kernel's own time: waiting for it costs tens of milliseconds.
    if (record.netnsPath) namespaces.remove(record.netnsPath);
    sandboxes.delete(record.containerId);
    try {
      records.remove(record.containerId);
    } catch (error) {
      deps.report(`forgetting the endpoints of container ${record.containerId}`, error); // recovery does it
    }
  };

  return {
    resolve(nameOrId, settings) {
      const network = networks.find(nameOrId);
      if (settings) checkEndpoint(settings, placeOf(network));
      return { id: network.id, name: network.name, driver: driverOf(network) };
    },
    async attach(request) {
      const planned = keep(planner.sandbox(request));
      // Recorded before anything is made: after a crash whatever exists is known and can be taken away.
      try {
        if (planned.netnsPath && request.userns) await namespaces.createWithin(request.userns, planned.netnsPath);
        else if (planned.netnsPath) namespaces.create(planned.netnsPath);
        const gateways = chooseGateways(planned.endpoints, recordOf);
        for (const endpoint of planned.endpoints) wiring.join(planned, endpoint, gateways);
        settleResolver(planned);
        const record = await publish(planned);
        for (const endpoint of record.endpoints) tellOf('connect', endpoint, record.containerId);
        return toAttachment(record, lookup);
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
      return record && toAttachment(record, lookup);
    },
    async connect({ containerId, network: nameOrId, settings }) {
      const before = sandboxOf(containerId);
      const network = networks.find(nameOrId);
      if (before.endpoints.some(({ networkId }) => networkId === network.id))
        throw endpointExists(before.containerName, network.name);
      if (!before.netnsPath || network.kind === 'host') throw sharedNamespace();
      if (network.kind === 'none' || before.endpoints.some(({ network: name }) => name === 'none')) throw privateMode();
      const endpoint = planner.endpoint(network, settings, before);
      const joined = keep({ ...before, endpoints: [...before.endpoints, endpoint] });
      try {
        wiring.join(joined, endpoint, { ipv4: undefined, ipv6: undefined });
        settleResolver(joined);
        const record = await settle(before, joined);
        tell('connect', network, containerId);
        return toAttachment(record, lookup);
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
      return toAttachment(record, lookup);
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
    async explain(containerId) {
      const record = sandboxes.get(containerId);
      if (!record?.forwards.length) return [];
      const obstacles = await firewall.obstacles();
      return explainPorts(record, { networkOf: recordOf, obstacles, table: firewall.table });
    },
    hostGateways() {
      if (deps.hostGatewayIps?.length) return deps.hostGatewayIps;
      const bridge = networks.find('bridge');
      return bridge.kind === 'recorded' ? bridge.record.subnets.flatMap(({ gateway }) => gateway ?? []) : [];
    },
    inspect: (nameOrId) => networks.describe(networks.find(nameOrId), [...sandboxes.values()]),
    list: () => networks.all().map((network) => networks.describe(network, [...sandboxes.values()])),
    async create(body) {
      while (removals.size > 0) await Promise.allSettled(removals);
      const record = networks.create(parseNetworkCreate(withDefaultOptions(body, deps.networkOptions ?? {})));
      try {
        if (record.driver === 'bridge') await resetFirewall();
      } catch (error) {
        await untilGone(networks.forget(record)());
        throw error;
      }
      tell('create', networks.find(record.id));
      return record.id;
    },
    async remove(nameOrId) {
      const network = networks.find(nameOrId);
      if (network.kind !== 'recorded' || network.builtin) throw predefinedRemove(network.name);
      const members = endpointsOn(network.id);
      if (members.length > 0) throw activeEndpoints(network.name, members);
      const shown = networks.describe(network, []);
      const finish = networks.forget(network.record);
      // Together: the kernel takes its time for the link, and no container is on it.
      const rules = network.record.driver === 'bridge' ? resetFirewall() : Promise.resolve();
      const [link, table] = await Promise.allSettled([untilGone(finish()), rules]);
      for (const part of [table, link]) if (part.status === 'rejected') throw part.reason;
      tell('destroy', network);
      return shown;
    },
    async shutdown() {
      await Promise.allSettled(removals);
      if (sandboxes.size > 0) return;
      await firewall.destroy();
      networks.removeLinks();
    },
  };

  /** Nothing is made while a link goes: one of that name, or routes to that subnet, could still be seen. */
  async function untilGone(removal: Promise<void>): Promise<void> {
    removals.add(removal);
    try {
      await removal;
    } finally {
      removals.delete(removal);
    }
  }

  function sandboxOf(containerId: string): SandboxRecord {
    const record = sandboxes.get(containerId);
    if (!record) throw sharedNamespace();
    return record;
  }

  /** As errors name them. */
  function endpointsOn(networkId: string): readonly string[] {
    return [...sandboxes.values()].flatMap(({ containerName, endpoints }) =>
      endpoints
        .filter((endpoint) => endpoint.networkId === networkId)
        .map(({ endpointId }) => `name:"${containerName}" id:"${endpointId.slice(0, 12)}"`),
    );
  }

  /** Takes endpoints away, in the kernel and then in the record. */
  async function unwire(record: SandboxRecord, leaving: readonly EndpointRecord[]): Promise<SandboxRecord> {
    if (leaving.length === 0) return record;
    for (const endpoint of leaving) wiring.leave(record, endpoint);
    const ids = new Set(leaving.map(({ endpointId }) => endpointId));
    const rest = { ...record, endpoints: record.endpoints.filter(({ endpointId }) => !ids.has(endpointId)) };
    return keep(await settle(record, rest));
  }

  /** Endpoints that a daemon which died has not made to the end, or not taken away to the end. */
  function cutShort(record: SandboxRecord, joined: readonly string[]): readonly EndpointRecord[] {
    return record.endpoints.filter(
      (endpoint) =>
        endpoint.wired &&
        (!joined.includes(endpoint.network) || !recordOf(endpoint.networkId) || !wiring.isThere(record, endpoint)),
    );
  }

  /** The default routes and the published ports go to the networks they belong to by now. */
  async function settle(before: SandboxRecord, record: SandboxRecord): Promise<SandboxRecord> {
    wiring.route(record);
    if (record.wishes.length === 0) return record;
    const [old, now] = [publicationOf(before, recordOf), publicationOf(record, recordOf)];
    if (record.forwards.length === 0) return await publish(record);
    if (!now.ipv4 && !now.ipv6) {
      const without = keep({ ...record, forwards: [] });
      await publisher.unpublish(record.forwards);
      return without;
    }
    if (isSameTarget(old, now)) return record;
    await publisher.move(now, record.wishes, keepForwards(record));
    return sandboxes.get(record.containerId) ?? record;
  }

  /** Out of what the firewall is made of first: when it is made anew meanwhile, they must not come back. */
  async function withdraw({ containerId, forwards }: SandboxRecord): Promise<void> {
    const known = sandboxes.get(containerId);
    if (known) sandboxes.set(containerId, { ...known, forwards: [] });
    try {
      await publisher.unpublish(forwards);
    } catch (error) {
      if (known) sandboxes.set(containerId, known);
      throw error;
    }
  }

  async function publish(record: SandboxRecord): Promise<SandboxRecord> {
    const whose = publicationOf(record, recordOf);
    if (record.wishes.length === 0 || (!whose.ipv4 && !whose.ipv6)) return record;
    await publisher.publish(whose, record.wishes, keepForwards(record));
    return sandboxes.get(record.containerId) ?? record;
  }

  function keepForwards(record: SandboxRecord): (forwards: readonly PortForward[]) => void {
    return (forwards) =>
      void keep({ ...(sandboxes.get(record.containerId) ?? record), endpoints: record.endpoints, forwards });
  }
}

/** As the API names it. */
function driverOf(network: KnownNetwork): string {
  if (network.kind === 'recorded') return network.record.driver;
  return network.kind === 'none' ? 'null' : network.kind;
}

/** Three letters that tell one bridge's links from another's. */
function fingerprint(bridge: string): string {
  let sum = 0;
  for (const char of bridge) sum = (sum * 31 + char.charCodeAt(0)) % 46_656;
  return sum.toString(36).padStart(3, '0');
}
