import { randomBytes } from 'node:crypto';
import type { Network } from '../../api/types/network.ts';
import { KnownError } from '../../lib/errors.ts';
import type { FirewallBridge } from '../../linux/firewall/firewall.ts';
import type { NetworkNamespaces } from '../../linux/netns/network-namespaces.ts';
import type { NetworkRecord, NetworkRecords, SandboxRecord } from '../../store/record/network-records.ts';
import { parseBridgeOptions } from './bridge-options.ts';
import type { WantedNetwork } from './create-request.ts';
import { hostSubnets, planDefaultBridge } from './default-bridge.ts';
import { describeNetwork, describePlain, type PlainNetwork } from './describe.ts';
import { ambiguousNetwork, networkExists, noSuchNetwork, poolOverlaps } from './errors.ts';
import { defaultPools, overlaps, parseCidr, type Subnet } from './ipam.ts';
import { planSubnet } from './plan-subnet.ts';
import { firstSubnet, prefixLengthOf } from './subnets.ts';

export type KnownNetwork =
  | {
      readonly kind: 'bridge';
      readonly id: string;
      readonly name: string;
      readonly record: NetworkRecord;
      readonly builtin: boolean;
    }
  | { readonly kind: 'host' | 'none'; readonly id: string; readonly name: string; readonly plain: PlainNetwork };

/** Networks by id and name, and their bridges. What exists in the kernel has a record. */
export interface NetworkTable {
  /** Built-in ones first, then oldest first. */
  all(): readonly KnownNetwork[];
  byId(id: string): KnownNetwork | undefined;
  /** By full id, name, unique id prefix. Errors: not_found, invalid_parameter for an ambiguous prefix. */
  find(nameOrId: string): KnownNetwork;
  /** What the firewall has to know. */
  bridges(): readonly FirewallBridge[];
  /** Makes a bridge, and its record before it. Errors: conflict, forbidden, invalid_parameter, not_implemented. */
  create(wanted: WantedNetwork): NetworkRecord;
  /** No longer found from now on; the bridge and then the record go with the returned call. */
  forget(record: NetworkRecord): () => void;
  describe(network: KnownNetwork, sandboxes: readonly SandboxRecord[]): Network;
  /** Takes all bridges away; the next start makes them again. */
  removeBridges(): void;
}

export interface NetworkTableDeps {
  readonly records: NetworkRecords;
  readonly namespaces: NetworkNamespaces;
  readonly bridge: string;
  readonly bridgeAddress?: string;
}

/** Makes the bridges that are missing. */
export function createNetworkTable(deps: NetworkTableDeps): NetworkTable {
  const { records, namespaces } = deps;
  const created = records.fact('created') ?? records.keepFact('created', new Date().toISOString());
  const plain = (name: 'host' | 'none'): KnownNetwork => {
    const id = networkId(records, name);
    return { kind: name, id, name, plain: { id, name, created } };
  };
  const toKnown = (record: NetworkRecord, builtin: boolean): KnownNetwork & { readonly kind: 'bridge' } => ({
    kind: 'bridge',
    id: record.id,
    name: record.name,
    record,
    builtin,
  });
  const builtins = [
    toKnown(planDefaultBridge(deps, networkId(records, 'bridge'), created), true),
    plain('host'),
    plain('none'),
  ];
  const networks = new Map<string, KnownNetwork>(builtins.map((network) => [network.id, network]));
  for (const record of records.networks()) networks.set(record.id, toKnown(record, false));
  for (const network of networks.values()) if (network.kind === 'bridge') ensure(network.record, network.builtin);

  const all = (): readonly KnownNetwork[] => [...networks.values()];
  const bridgeRecords = (): readonly NetworkRecord[] =>
    all().flatMap((network) => (network.kind === 'bridge' ? [network.record] : []));

  return {
    all,
    byId: (id) => networks.get(id),
    find(nameOrId) {
      const exact = networks.get(nameOrId) ?? all().find(({ name }) => name === nameOrId);
      if (exact) return exact;
      const matches = nameOrId === '' ? [] : all().filter(({ id }) => id.startsWith(nameOrId));
      if (matches.length > 1) throw ambiguousNetwork(nameOrId, matches.length);
      if (!matches[0]) throw noSuchNetwork(nameOrId);
      return matches[0];
    },
    bridges: () => bridgeRecords().map(toFirewallBridge),
    create(wanted) {
      if (all().some(({ name }) => name === wanted.name)) throw networkExists(wanted.name);
      for (const avoided: Subnet[] = []; ; ) {
        const record = plan(wanted, avoided);
        const subnet = parseCidr(record.subnets[0]?.subnet ?? '');
        make(record);
        // Another engine of the machine may have taken the same pool at the same time: both go on to another one.
        const clash =
          !record.subnets[0]?.chosen && subnet && routesOfOthers(record.link).some((other) => overlaps(other, subnet));
        if (!clash) {
          networks.set(record.id, toKnown(record, false));
          return record;
        }
        unmake(record);
        avoided.push(subnet);
      }
    },
    forget(record) {
      networks.delete(record.id);
      return () => unmake(record);
    },
    describe: (network, sandboxes) =>
      network.kind === 'bridge' ? describeNetwork(network.record, sandboxes) : describePlain(network.plain, sandboxes),
    removeBridges() {
      for (const { link } of bridgeRecords()) namespaces.removeLink(link);
    },
  };

  function ensure(record: NetworkRecord, builtin: boolean): void {
    const { link, mtu } = record;
    const subnet = firstSubnet(record, 4);
    namespaces.ensureBridge(link, subnet?.gateway ?? '', prefixLengthOf(subnet), {
      ...(mtu !== undefined && { mtu }),
      withoutIPv6: !builtin,
    });
    namespaces.setSysctl(`net/ipv4/conf/${link}/route_localnet`, '1');
  }

  /** The record first: what exists in the kernel has one. */
  function make(record: NetworkRecord): void {
    records.putNetwork(record);
    try {
      ensure(record, false);
    } catch (error) {
      unmake(record);
      throw error;
    }
  }

  function unmake(record: NetworkRecord): void {
    namespaces.removeLink(record.link);
    records.removeNetwork(record.id);
  }

  function routesOfOthers(link: string): readonly Subnet[] {
    return hostSubnets(namespaces)
      .filter((route) => route.link !== link)
      .map(({ subnet }) => subnet);
  }

  function plan(wanted: WantedNetwork, avoided: readonly Subnet[]): NetworkRecord {
    const options = parseBridgeOptions(wanted.options);
    const id = newId();
    const link = options.link ?? `br-${id.slice(0, 12)}`;
    const owner = bridgeRecords().find((record) => record.link === link);
    if (owner)
      throw new KnownError(
        'forbidden',
        `cannot create network ${id} (${link}): conflicts with network ${owner.id} (${owner.link}): networks have same bridge name`,
      );
    if (namespaces.hasLink(link))
      throw new KnownError('conflict', `bridge name ${link} is taken by a link of the host`);
    const ours = bridgeRecords().flatMap(({ subnets }) => subnets.flatMap(({ subnet }) => parseCidr(subnet) ?? []));
    const host = [...hostSubnets(namespaces).map(({ subnet }) => subnet), ...avoided];
    const { subnet, ...addresses } = planSubnet(wanted.configs, { ours, host }, defaultPools());
    // One out of the pools that somebody else takes at this moment is given up for the next one by `create`.
    if (addresses.chosen) refuseForeignBridge(parseCidr(subnet));
    return {
      id,
      name: wanted.name,
      created: new Date().toISOString(),
      driver: 'bridge',
      link,
      ownsLink: true,
      subnets: [{ family: 4, subnet, ...addresses }],
      enableIPv4: true,
      enableIPv6: false,
      internal: wanted.internal,
      attachable: wanted.attachable,
      icc: options.icc,
      masquerade4: options.masquerade,
      masquerade6: options.masquerade,
      gatewayMode4: 'nat',
      gatewayMode6: 'nat',
      trustedHostInterfaces: [],
      inhibitIPv4: false,
      configOnly: false,
      ...(options.mtu !== undefined && { mtu: options.mtu }),
      ...(options.hostIp !== undefined && { hostIp: options.hostIp }),
      options: wanted.options,
      ipamOptions: wanted.ipamOptions,
      labels: wanted.labels,
    };
  }

  /** A chosen subnet may be within a wider route of the host's, but not be a network that another link has. */
  function refuseForeignBridge(subnet: Subnet | undefined): void {
    const clash = hostSubnets(namespaces).find(
      (route) => subnet && overlaps(route.subnet, subnet) && route.subnet.prefixLength >= subnet.prefixLength,
    );
    if (clash) throw poolOverlaps();
  }
}

function toFirewallBridge(record: NetworkRecord): FirewallBridge {
  const { link, masquerade4, masquerade6, icc, internal, gatewayMode4, gatewayMode6, trustedHostInterfaces } = record;
  const [subnet, subnet6] = [firstSubnet(record, 4)?.subnet, firstSubnet(record, 6)?.subnet];
  return {
    link,
    ...(subnet !== undefined && { subnet }),
    ...(subnet6 !== undefined && { subnet6 }),
    masquerade4,
    masquerade6,
    icc,
    internal,
    gatewayMode4,
    gatewayMode6,
    trustedHostInterfaces,
  };
}

export function newId(): string {
  return randomBytes(32).toString('hex');
}

function networkId(records: NetworkRecords, name: string): string {
  return records.fact(`id of ${name}`) ?? records.keepFact(`id of ${name}`, newId());
}
