import type { IPAMConfig, Network } from '../../api/types/network.ts';
import type { NetworkRecord, SandboxRecord, SubnetRecord } from '../../store/record/network-records.ts';
import { prefixLengthOf, subnetOf } from './subnets.ts';

/** Facts of `host` and `none`, which have no addresses. */
export interface PlainNetwork {
  readonly id: string;
  readonly name: 'host' | 'none';
  readonly created: string;
}

/** A network as inspect shows it, with its live endpoints. Pure. */
export function describeNetwork(record: NetworkRecord, sandboxes: readonly SandboxRecord[]): Network {
  return {
    ...common(record),
    Driver: record.driver,
    EnableIPv4: record.enableIPv4,
    EnableIPv6: record.enableIPv6,
    ConfigFrom: { Network: record.configFrom ?? '' },
    ConfigOnly: record.configOnly,
    IPAM: {
      Driver: 'default',
      ...(record.ipamOptions !== undefined && { Options: record.ipamOptions as Record<string, string> }),
      Config: record.subnets.map(toIpamConfig),
    },
    Internal: record.shownInternal ?? record.internal,
    Attachable: record.attachable,
    Containers: containersOf(record.id, sandboxes, (ip) => withLength(record, ip)),
    Options: record.options,
    Labels: record.labels,
  };
}

export function describePlain(network: PlainNetwork, sandboxes: readonly SandboxRecord[]): Network {
  return {
    ...common(network),
    Driver: network.name === 'none' ? 'null' : network.name,
    IPAM: { Driver: 'default', Config: [] },
    Containers: containersOf(network.id, sandboxes, () => ''),
    Options: {},
    Labels: {},
  };
}

function common({ id, name, created }: Pick<NetworkRecord, 'id' | 'name' | 'created'>): Network {
  return {
    Name: name,
    Id: id,
    Created: created,
    Scope: 'local',
    Driver: '',
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: {},
    Internal: false,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
  };
}

function toIpamConfig({ subnet, gateway, gatewayUnnamed, ipRange, aux }: SubnetRecord): IPAMConfig {
  return {
    Subnet: subnet,
    ...(ipRange !== undefined && { IPRange: ipRange }),
    ...(gateway !== undefined && !gatewayUnnamed && { Gateway: gateway }),
    ...(Object.keys(aux).length > 0 && { AuxiliaryAddresses: aux }),
  };
}

/** An address with the length of its subnet, as `a.b.c.d/n`. */
function withLength(record: NetworkRecord, ip: string | undefined): string {
  return ip === undefined ? '' : `${ip}/${prefixLengthOf(subnetOf(record, ip))}`;
}

function containersOf(
  networkId: string,
  sandboxes: readonly SandboxRecord[],
  show: (ip: string | undefined) => string,
): NonNullable<Network['Containers']> {
  return Object.fromEntries(
    sandboxes.flatMap(({ containerId, containerName, endpoints }) =>
      endpoints
        .filter((endpoint) => endpoint.networkId === networkId)
        .map(({ endpointId, wired }) => [
          containerId,
          {
            Name: containerName,
            EndpointID: endpointId,
            MacAddress: wired?.mac ?? '',
            IPv4Address: show(wired?.ip),
            IPv6Address: show(wired?.ip6),
          },
        ]),
    ),
  );
}
