import type { PortMap } from '../../api/types/container.ts';
import type { EndpointSettings } from '../../api/types/network.ts';
import type { EndpointRecord } from '../../store/record/network-records.ts';
import type { NetworkAttachment } from './network.ts';

/** Facts of the network that an endpoint is on. */
export interface NetworkFacts {
  readonly id: string;
  readonly gateway: string;
  readonly prefixLength: number;
}

/** An endpoint's record as the container's rules and the API see it. Pure. */
export function toAttachment(record: EndpointRecord, facts: NetworkFacts, hostname: string): NetworkAttachment {
  const { bridged } = record;
  const settings: EndpointSettings = {
    Links: [],
    Aliases: [],
    MacAddress: bridged?.mac ?? '',
    NetworkID: facts.id,
    EndpointID: record.endpointId,
    Gateway: bridged ? facts.gateway : '',
    IPAddress: bridged?.ip ?? '',
    IPPrefixLen: bridged ? facts.prefixLength : 0,
    IPv6Gateway: '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    DNSNames: [],
  };
  return {
    netnsPath: record.netnsPath,
    endpoints: { [record.network]: settings },
    ports: toPortMap(record),
    sandboxId: record.sandboxId,
    sandboxKey: record.netnsPath ?? '/proc/1/ns/net',
    hosts: bridged ? [{ ip: bridged.ip, names: [hostname] }] : [],
  };
}

function toPortMap({ forwards, exposed }: EndpointRecord): PortMap {
  const map: PortMap = Object.fromEntries(exposed.map((port) => [port, null]));
  for (const { protocol, containerPort, hostIp, hostPort } of forwards) {
    const key = `${containerPort}/${protocol}`;
    map[key] = [...(map[key] ?? []), { HostIp: hostIp, HostPort: String(hostPort) }];
  }
  return map;
}
