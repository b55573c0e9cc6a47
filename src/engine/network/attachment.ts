import type { PortMap } from '../../api/types/container.ts';
import type { EndpointSettings } from '../../api/types/network.ts';
import type { EndpointRecord, NetworkRecord, SandboxRecord } from '../../store/record/network-records.ts';
import { parseCidr } from './ipam.ts';
import type { NetworkAttachment } from './network.ts';

/** Finds a bridge network by its id. */
export type NetworkLookup = (id: string) => { readonly record: NetworkRecord; readonly builtin: boolean } | undefined;

/** A sandbox's record as the container's rules and the API see it. Pure. */
export function toAttachment(record: SandboxRecord, networkOf: NetworkLookup): NetworkAttachment {
  return {
    netnsPath: record.netnsPath,
    endpoints: Object.fromEntries(
      record.endpoints.map((endpoint) => [endpoint.network, toSettings(record, endpoint, networkOf)]),
    ),
    ports: toPortMap(record),
    sandboxId: record.sandboxId,
    sandboxKey: record.netnsPath ?? '/proc/1/ns/net',
    hosts: record.endpoints.flatMap(({ bridged }) => (bridged ? [{ ip: bridged.ip, names: [record.hostname] }] : [])),
    hasResolver: hasResolver(record, networkOf),
  };
}

/** Names are resolved inside of user-defined networks only. */
export function hasResolver({ endpoints }: SandboxRecord, networkOf: NetworkLookup): boolean {
  return endpoints.some(({ networkId }) => networkOf(networkId)?.builtin === false);
}

/** Names by which others of a user-defined network find the container. */
export function dnsNames(record: SandboxRecord, { settings }: EndpointRecord): readonly string[] {
  const { containerName, containerId, hostname } = record;
  return [...new Set([containerName, ...(settings.Aliases ?? []), containerId.slice(0, 12), hostname])].filter(Boolean);
}

function toSettings(record: SandboxRecord, endpoint: EndpointRecord, networkOf: NetworkLookup): EndpointSettings {
  const { bridged, settings, networkId, endpointId } = endpoint;
  const network = networkOf(networkId);
  const isUserDefined = network?.builtin === false;
  return {
    ...(settings.IPAMConfig && { IPAMConfig: settings.IPAMConfig }),
    ...(settings.Aliases?.length && { Aliases: settings.Aliases }),
    ...(isUserDefined && { DNSNames: [...dnsNames(record, endpoint)] }),
    GwPriority: settings.GwPriority ?? 0,
    MacAddress: bridged?.mac ?? '',
    NetworkID: networkId,
    EndpointID: endpointId,
    Gateway: bridged && network && !network.record.internal ? network.record.gateway : '',
    IPAddress: bridged?.ip ?? '',
    IPPrefixLen: bridged && network ? (parseCidr(network.record.subnet)?.prefixLength ?? 0) : 0,
    IPv6Gateway: '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
  };
}

function toPortMap({ forwards, exposed }: SandboxRecord): PortMap {
  const map: PortMap = Object.fromEntries(exposed.map((port) => [port, null]));
  for (const { protocol, containerPort, hostIp, hostPort } of forwards) {
    const key = `${containerPort}/${protocol}`;
    map[key] = [...(map[key] ?? []), { HostIp: hostIp, HostPort: String(hostPort) }];
  }
  return map;
}
