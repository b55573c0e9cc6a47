import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { EndpointSettings } from '../../api/types/network.ts';
import type { EndpointRecord, SandboxRecord } from '../../store/record/network-records.ts';
import { checkEndpoint, type EndpointPlace } from './check-endpoint.ts';
import { configOnlyEndpoint, privateMode, sharedNamespace } from './errors.ts';
import { chooseGateways, type RecordLookup } from './gateways.ts';
import type { NetworkRequest } from './network.ts';
import { type KnownNetwork, type NetworkTable, newId } from './networks.ts';
import { planWire } from './plan-endpoint.ts';
import { planPorts } from './port-plan.ts';
import { type PublishMode, publishPolicy } from './publish-policy.ts';

/** Decides what a container will have of its networks, before anything is made. */
export interface SandboxPlanner {
  /** Everything but the ports. Errors: those of the networks and endpoints. */
  sandbox(request: NetworkRequest): SandboxRecord;
  /** One more endpoint behind those there are. Errors as `sandbox`. */
  endpoint(network: KnownNetwork, settings: EndpointSettings, of: EndpointOwner): EndpointRecord;
}

/** What an endpoint has to know of its container. */
export type EndpointOwner = Pick<SandboxRecord, 'endpoints' | 'withoutIPv6'>;

export interface PlannerDeps {
  readonly networks: NetworkTable;
  readonly recordOf: RecordLookup;
  readonly sandboxes: ReadonlyMap<string, SandboxRecord>;
  readonly netnsDir: string;
  /** Names of the ends on the host begin so. */
  readonly linkPrefix: string;
  /** Of ports whose container says nothing of it. */
  readonly publishedPorts: PublishMode;
}

export function createSandboxPlanner(deps: PlannerDeps): SandboxPlanner {
  const { networks, recordOf, sandboxes, netnsDir, linkPrefix, publishedPorts } = deps;
  return { sandbox: planSandbox, endpoint: planEndpoint };

  function planSandbox(request: NetworkRequest): SandboxRecord {
    const mode = networks.find(request.mode);
    const wanted = Object.keys(request.endpoints).map((name) => networks.find(name));
    const others = wanted.filter(({ id }) => id !== mode.id).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const isOff = wanted.length > 0 && others.length === wanted.length;
    if (others.length > 0 && mode.kind === 'host') throw sharedNamespace();
    if (others.length > 0 && [mode, ...others].some(({ kind }) => kind === 'none')) throw privateMode();
    const settingsOf = ({ id, name }: KnownNetwork): EndpointSettings =>
      request.endpoints[name] ?? request.endpoints[id] ?? request.endpoints[request.mode] ?? {};
    const withoutIPv6 = request.sysctls['net.ipv6.conf.all.disable_ipv6'] === '1';
    const endpoints: EndpointRecord[] = [];
    for (const network of [...(isOff ? [] : [mode]), ...others])
      endpoints.push(planEndpoint(network, settingsOf(network), { endpoints, withoutIPv6 }));
    const gateway = chooseGateways(endpoints, recordOf).ipv4;
    const hostIp = gateway && recordOf(gateway.networkId)?.hostIp;
    const sandboxId = newId();
    return {
      containerId: request.containerId,
      containerName: request.containerName,
      hostname: request.hostname || request.containerId.slice(0, 12),
      sandboxId,
      ...(mode.kind !== 'host' && { netnsPath: join(netnsDir, sandboxId.slice(0, 12)) }),
      endpoints,
      ...(withoutIPv6 && { withoutIPv6 }),
      wishes:
        mode.kind === 'recorded'
          ? planPorts(
              request.portBindings,
              request.exposedPorts,
              request.publishAll,
              hostIp,
              publishPolicy(request.labels ?? {}, publishedPorts),
            )
          : [],
      forwards: [],
      exposed: request.exposedPorts,
      dns: request.dns ?? [],
      dnsOptions: request.dnsOptions ?? [],
    };
  }

  function planEndpoint(
    network: KnownNetwork,
    settings: EndpointSettings,
    { endpoints, withoutIPv6 = false }: EndpointOwner,
  ): EndpointRecord {
    checkEndpoint(settings, placeOf(network));
    const endpointId = newId();
    const base = { network: network.name, networkId: network.id, endpointId, settings };
    if (network.kind !== 'recorded') return base;
    if (network.record.configOnly) throw configOnlyEndpoint();
    const wired = planWire(network.record, settings, {
      taken: takenAddresses(network.id, sandboxes),
      before: endpoints,
      hostLink: `${linkPrefix}${endpointId.slice(0, 7)}`,
      withoutIPv6,
      randomMac: `02:42:${randomBytes(4).toString('hex').match(/../g)?.join(':') ?? ''}`,
    });
    return { ...base, wired };
  }
}

/** What an endpoint may ask for there. */
export function placeOf(network: KnownNetwork): EndpointPlace {
  if (network.kind !== 'recorded' || network.builtin) return { kind: 'predefined' };
  return { kind: 'user', network: network.record };
}

function takenAddresses(networkId: string, sandboxes: ReadonlyMap<string, SandboxRecord>): ReadonlySet<string> {
  const taken = new Set<string>();
  for (const { endpoints } of sandboxes.values())
    for (const endpoint of endpoints)
      if (endpoint.networkId === networkId)
        for (const ip of [endpoint.wired?.ip, endpoint.wired?.ip6]) if (ip !== undefined) taken.add(ip);
  return taken;
}
