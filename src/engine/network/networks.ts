import { randomBytes, randomUUID } from 'node:crypto';
import type { Network } from '../../api/types/network.ts';
import type { FirewallBridge } from '../../linux/firewall/firewall.ts';
import type { NetworkRecord, NetworkRecords, SandboxRecord } from '../../store/record/network-records.ts';
import type { WantedNetwork } from './create-request.ts';
import { type DefaultBridgeDeps, hostSubnets, planDefaultBridge } from './default-bridge.ts';
import { describeNetwork, describePlain, type PlainNetwork } from './describe.ts';
import { ambiguousNetwork, configInUse, networkExists, noSuchNetwork } from './errors.ts';
import { overlaps, parseCidr, type Subnet } from './ipam.ts';
import { ensureNetworkLink, removeNetworkLink, removeNetworkLinkAside } from './network-links.ts';
import { planNetwork } from './plan-network.ts';
import { type AddressPools, createPools } from './pools.ts';
import { firstSubnet } from './subnets.ts';

export type KnownNetwork =
  | {
      /** With addresses: the default bridge, and what users make. */
      readonly kind: 'recorded';
      readonly id: string;
      readonly name: string;
      readonly record: NetworkRecord;
      readonly builtin: boolean;
    }
  | { readonly kind: 'host' | 'none'; readonly id: string; readonly name: string; readonly plain: PlainNetwork };

/** Networks by id and name, and their links. What exists in the kernel has a record. */
export interface NetworkTable {
  /** Built-in ones first, then oldest first. */
  all(): readonly KnownNetwork[];
  byId(id: string): KnownNetwork | undefined;
  /** By full id, name, unique id prefix. Errors: not_found, invalid_parameter for an ambiguous prefix. */
  find(nameOrId: string): KnownNetwork;
  /** What the firewall has to know. */
  bridges(): readonly FirewallBridge[];
  /** Makes a network's link, and its record before it. Errors: conflict, forbidden, invalid_parameter, not_found, not_implemented, system. */
  create(wanted: WantedNetwork): NetworkRecord;
  /** No longer found from now on; the link and then the record go with the returned call. Errors: forbidden for a configuration in use. */
  forget(record: NetworkRecord): () => Promise<void>;
  describe(network: KnownNetwork, sandboxes: readonly SandboxRecord[]): Network;
  /** Takes all links away; the next start makes them again. */
  removeLinks(): void;
}

export interface NetworkTableDeps extends DefaultBridgeDeps {
  /** Where subnets come from when nobody names one; undefined: Docker's own pools. */
  readonly addressPools?: readonly AddressPools[];
  /** Published ports are reached by the containers' own addresses as well; undefined: they are not. */
  readonly directRouting?: boolean;
  readonly report: (what: string, error: unknown) => void;
}

/** Makes the links that are missing. What cannot be made of a user's network is reported. */
export function createNetworkTable(deps: NetworkTableDeps): NetworkTable {
  const { records, namespaces } = deps;
  const created = records.fact('created') ?? records.keepFact('created', new Date().toISOString());
  const engineId = records.fact('engine id') ?? records.keepFact('engine id', randomUUID());
  const pools = createPools(engineId, deps.addressPools);
  const plain = (name: 'host' | 'none'): KnownNetwork => {
    const id = networkId(records, name);
    return { kind: name, id, name, plain: { id, name, created } };
  };
  const builtins = [
    toKnown(planDefaultBridge(deps, pools, networkId(records, 'bridge'), created), true),
    plain('host'),
    plain('none'),
  ];
  const networks = new Map<string, KnownNetwork>(builtins.map((network) => [network.id, network]));
  for (const record of records.networks()) networks.set(record.id, toKnown(record, false));
  for (const network of networks.values()) if (network.kind === 'recorded') ensureAtStart(network);

  const all = (): readonly KnownNetwork[] => [...networks.values()];
  const recorded = (): readonly NetworkRecord[] =>
    all().flatMap((network) => (network.kind === 'recorded' ? [network.record] : []));

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
    bridges: () =>
      recorded()
        .filter(({ driver }) => driver === 'bridge')
        .map((record) => toFirewallBridge(record, deps.directRouting ?? false)),
    create(wanted) {
      if (all().some(({ name }) => name === wanted.name)) throw networkExists(wanted.name);
      for (const avoided: Subnet[] = []; ; ) {
        const record = plan(wanted, avoided);
        make(record);
        const clash = takenMeanwhile(record);
        if (clash.length === 0) {
          networks.set(record.id, toKnown(record, false));
          return record;
        }
        unmake(record);
        avoided.push(...clash);
      }
    },
    forget(record) {
      if (record.configOnly && recorded().some(({ configFrom }) => configFrom === record.name))
        throw configInUse(record.name);
      networks.delete(record.id);
      return async () => {
        await removeNetworkLinkAside(namespaces, record, isShared(record));
        records.removeNetwork(record.id);
      };
    },
    describe: (network, sandboxes) =>
      network.kind === 'recorded'
        ? describeNetwork(network.record, sandboxes)
        : describePlain(network.plain, sandboxes),
    removeLinks() {
      for (const record of recorded()) removeNetworkLink(namespaces, record, false);
    },
  };

  function ensureAtStart({ record, builtin }: KnownNetwork & { readonly kind: 'recorded' }): void {
    try {
      ensureNetworkLink(namespaces, record, builtin);
    } catch (error) {
      if (builtin) throw error;
      deps.report(`making network ${record.name}`, error);
    }
  }

  /** The record first: what exists in the kernel has one. */
  function make(record: NetworkRecord): void {
    records.putNetwork(record);
    try {
      ensureNetworkLink(namespaces, record, false);
    } catch (error) {
      unmake(record);
      throw error;
    }
  }

  function unmake(record: NetworkRecord): void {
    removeNetworkLink(namespaces, record, isShared(record));
    records.removeNetwork(record.id);
  }

  function isShared(record: NetworkRecord): boolean {
    return recorded().some(({ id, link }) => id !== record.id && link === record.link);
  }

  /** Another engine of the machine may have taken the same pool at the same time: both go on to another one. */
  function takenMeanwhile({ driver, link, subnets }: NetworkRecord): readonly Subnet[] {
    if (driver !== 'bridge') return [];
    const others = hostSubnets(namespaces).filter((route) => route.link !== link);
    return subnets.flatMap(({ chosen, subnet }) => {
      const own = chosen ? undefined : parseCidr(subnet);
      return own && others.some((other) => overlaps(other.subnet, own)) ? [own] : [];
    });
  }

  function plan(wanted: WantedNetwork, avoided: readonly Subnet[]): NetworkRecord {
    return planNetwork(wanted, {
      id: newId(),
      created: new Date().toISOString(),
      others: recorded(),
      hasLink: (link) => namespaces.hasLink(link),
      hostSubnets: hostSubnets(namespaces).map(({ subnet }) => subnet),
      avoided,
      pools,
    });
  }
}

function toKnown(record: NetworkRecord, builtin: boolean): KnownNetwork & { readonly kind: 'recorded' } {
  return { kind: 'recorded', id: record.id, name: record.name, record, builtin };
}

function toFirewallBridge(record: NetworkRecord, directRouting: boolean): FirewallBridge {
  const { link, masquerade4, masquerade6, icc, internal, gatewayMode4, gatewayMode6, trustedHostInterfaces } = record;
  const { source4, source6 } = record;
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
    directRouting,
    ...(source4 !== undefined && { source4 }),
    ...(source6 !== undefined && { source6 }),
  };
}

export function newId(): string {
  return randomBytes(32).toString('hex');
}

function networkId(records: NetworkRecords, name: string): string {
  return records.fact(`id of ${name}`) ?? records.keepFact(`id of ${name}`, newId());
}
