import type { PortMap } from '../../api/types/container.ts';
import type { EndpointSettings } from '../../api/types/network.ts';
import type { EndpointRecord, NetworkRecord, SandboxRecord } from '../../store/record/network-records.ts';
import type { NetworkAttachment } from './network.ts';
import { prefixLengthOf, routerOf, subnetOf } from './subnets.ts';

/** Finds a network with addresses by its id: all but `host` and `none`. */
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
    hosts: record.endpoints.flatMap(({ wired }) =>
      [wired?.ip, wired?.ip6].flatMap((ip) => (ip === undefined ? [] : [{ ip, names: [record.hostname] }])),
    ),
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
  const { wired, settings, networkId, endpointId } = endpoint;
  const network = networkOf(networkId);
  const subnet4 = network && wired?.ip ? subnetOf(network.record, wired.ip) : undefined;
  const subnet6 = network && wired?.ip6 ? subnetOf(network.record, wired.ip6) : undefined;
  const isUserDefined = network?.builtin === false;
  return {
    ...(settings.IPAMConfig && { IPAMConfig: settings.IPAMConfig }),
    ...(settings.Aliases?.length && { Aliases: settings.Aliases }),
    ...(settings.Links?.length && { Links: settings.Links }),
    ...(settings.DriverOpts && { DriverOpts: settings.DriverOpts }),
    ...(isUserDefined && { DNSNames: [...dnsNames(record, endpoint)] }),
    GwPriority: settings.GwPriority ?? 0,
    MacAddress: wired?.mac ?? '',
    NetworkID: networkId,
    EndpointID: endpointId,
    Gateway: routerOf(network?.record, subnet4) ?? '',
    IPAddress: wired?.ip ?? '',
    IPPrefixLen: prefixLengthOf(subnet4),
    IPv6Gateway: routerOf(network?.record, subnet6) ?? '',
    GlobalIPv6Address: wired?.ip6 ?? '',
    GlobalIPv6PrefixLen: prefixLengthOf(subnet6),
  };
}

function toPortMap({ forwards, exposed }: SandboxRecord): PortMap {
  const map: PortMap = Object.fromEntries(exposed.map((port) => [port, null]));
  for (const { protocol, containerPort, hostIp, hostPort } of forwards) {
    const key = `${containerPort}/${protocol}`;
    map[key] = [...(map[key] ?? []), { HostIp: hostIp, HostPort: hostPort === 0 ? '' : String(hostPort) }];
  }
  return map;
}
