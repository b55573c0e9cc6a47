import type { EndpointRecord, NetworkRecord, SandboxRecord, WireRecord } from './network-records.ts';

/** A network as it was recorded when there was only IPv4 on bridges. */
type OldNetwork = Pick<
  NetworkRecord,
  'id' | 'name' | 'created' | 'link' | 'internal' | 'attachable' | 'icc' | 'options' | 'ipamOptions' | 'labels'
> & {
  readonly subnet: string;
  readonly gateway: string;
  readonly ipRange?: string;
  readonly aux: Readonly<Record<string, string>>;
  readonly chosen: boolean;
  readonly masquerade: boolean;
};

type OldEndpoint = Omit<EndpointRecord, 'wired'> & { readonly bridged?: WireRecord };

/** A row of the database, of whichever version, as it is now. */
export function upgradeNetwork(row: NetworkRecord | OldNetwork): NetworkRecord {
  if ('subnets' in row) return row;
  const { subnet, gateway, ipRange, aux, chosen, masquerade, ...same } = row;
  return {
    ...same,
    driver: 'bridge',
    ownsLink: true,
    subnets: [{ family: 4, subnet, gateway, ...(ipRange !== undefined && { ipRange }), aux, chosen }],
    enableIPv4: true,
    enableIPv6: false,
    masquerade4: masquerade,
    masquerade6: masquerade,
    gatewayMode4: 'nat',
    gatewayMode6: 'nat',
    trustedHostInterfaces: [],
    inhibitIPv4: false,
    configOnly: false,
  };
}

/** As {@link upgradeNetwork}. */
export function upgradeSandbox(row: SandboxRecord): SandboxRecord {
  const endpoints = row.endpoints as readonly (EndpointRecord | OldEndpoint)[];
  return {
    ...row,
    endpoints: endpoints.map((endpoint) => {
      if (!('bridged' in endpoint)) return endpoint;
      const { bridged, ...same } = endpoint;
      return { ...same, ...(bridged && { wired: bridged }) };
    }),
  };
}
