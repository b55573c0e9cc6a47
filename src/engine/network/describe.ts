import type { IPAMConfig, Network } from '../../api/types/network.ts';
import type { NetworkRecord, SandboxRecord } from '../../store/record/network-records.ts';

/** Facts of `host` and `none`, which have no addresses. */
export interface PlainNetwork {
  readonly id: string;
  readonly name: 'host' | 'none';
  readonly created: string;
}

/** A bridge as inspect shows it, with its live endpoints. Pure. */
export function describeBridge(record: NetworkRecord, sandboxes: readonly SandboxRecord[]): Network {
  const prefixLength = record.subnet.split('/')[1] ?? '';
  return {
    ...common(record),
    Driver: 'bridge',
    IPAM: {
      Driver: 'default',
      ...(record.ipamOptions !== undefined && { Options: record.ipamOptions as Record<string, string> }),
      Config: [toIpamConfig(record)],
    },
    Internal: record.internal,
    Attachable: record.attachable,
    Containers: containersOf(record.id, sandboxes, prefixLength),
    Options: record.options,
    Labels: record.labels,
  };
}

export function describePlain(network: PlainNetwork, sandboxes: readonly SandboxRecord[]): Network {
  return {
    ...common(network),
    Driver: network.name === 'none' ? 'null' : network.name,
    IPAM: { Driver: 'default', Config: [] },
    Containers: containersOf(network.id, sandboxes, ''),
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

function toIpamConfig({ subnet, gateway, ipRange, aux }: NetworkRecord): IPAMConfig {
  return {
    Subnet: subnet,
    ...(ipRange !== undefined && { IPRange: ipRange }),
    Gateway: gateway,
    ...(Object.keys(aux).length > 0 && { AuxiliaryAddresses: aux }),
  };
}

function containersOf(
  networkId: string,
  sandboxes: readonly SandboxRecord[],
  prefixLength: string,
): NonNullable<Network['Containers']> {
  return Object.fromEntries(
    sandboxes.flatMap(({ containerId, containerName, endpoints }) =>
      endpoints
        .filter((endpoint) => endpoint.networkId === networkId)
        .map(({ endpointId, bridged }) => [
          containerId,
          {
            Name: containerName,
            EndpointID: endpointId,
            MacAddress: bridged?.mac ?? '',
            IPv4Address: bridged ? `${bridged.ip}/${prefixLength}` : '',
            IPv6Address: '',
          },
        ]),
    ),
  );
}
