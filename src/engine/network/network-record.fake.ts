import type { NetworkRecord, SubnetRecord } from '../../store/record/network-records.ts';

/** A subnet that the user chose; its family is that of the text. */
export function fakeSubnet(subnet: string, more: Partial<SubnetRecord> = {}): SubnetRecord {
  return { family: subnet.includes(':') ? 6 : 4, subnet, aux: {}, chosen: true, ...more };
}

/** A user-defined bridge with 10.1.0.0/24, except for what is said. */
export function fakeNetwork(more: Partial<NetworkRecord> = {}): NetworkRecord {
  return {
    id: 'n',
    name: 'net',
    created: '2026-01-01T00:00:00Z',
    driver: 'bridge',
    link: 'br-n',
    ownsLink: true,
    subnets: [fakeSubnet('10.1.0.0/24', { gateway: '10.1.0.1' })],
    enableIPv4: true,
    enableIPv6: false,
    internal: false,
    attachable: false,
    icc: true,
    masquerade4: true,
    masquerade6: true,
    gatewayMode4: 'nat',
    gatewayMode6: 'nat',
    trustedHostInterfaces: [],
    inhibitIPv4: false,
    configOnly: false,
    options: {},
    ipamOptions: null,
    labels: {},
    ...more,
  };
}
