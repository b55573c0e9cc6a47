import type { NetworkCreateRequest, NetworkCreateResponse } from '../../../api/types/network.ts';
import type { Flags } from '../../../lib/flags/flag.ts';
import type { Command } from '../../command.ts';
import { parseCsvLine } from '../../parse/csv.ts';
import { checkLabel } from '../../parse/env.ts';
import { parseIpam } from '../../parse/ipam.ts';
import { parseMap } from '../../parse/map.ts';

const MAP = ' (default map[])';

/** `docker network create`. */
export const create: Command = {
  usage: 'docker network create [OPTIONS] NETWORK',
  description: 'Create a network',
  flags: [
    { name: 'attachable', kind: 'bool', description: 'Enable manual container attachment' },
    {
      name: 'aux-address',
      kind: 'list',
      placeholder: 'map',
      description: `Auxiliary IPv4 or IPv6 addresses used by Network driver${MAP}`,
    },
    { name: 'config-from', kind: 'string', description: 'The network from which to copy the configuration' },
    { name: 'config-only', kind: 'bool', description: 'Create a configuration only network' },
    { name: 'driver', short: 'd', kind: 'string', default: 'bridge', description: 'Driver to manage the Network' },
    {
      name: 'gateway',
      kind: 'list',
      placeholder: 'strings',
      description: 'IPv4 or IPv6 Gateway for the master subnet',
    },
    { name: 'ingress', kind: 'bool', description: 'Create swarm routing-mesh network' },
    { name: 'internal', kind: 'bool', description: 'Restrict external access to the network' },
    { name: 'ip-range', kind: 'list', placeholder: 'strings', description: 'Allocate container ip from a sub-range' },
    { name: 'ipam-driver', kind: 'string', default: 'default', description: 'IP Address Management Driver' },
    { name: 'ipam-opt', kind: 'list', placeholder: 'map', description: `Set IPAM driver specific options${MAP}` },
    { name: 'ipv4', kind: 'bool', default: true, description: 'Enable or disable IPv4 address assignment' },
    { name: 'ipv6', kind: 'bool', description: 'Enable or disable IPv6 address assignment' },
    { name: 'label', kind: 'list', description: 'Set metadata on a network', check: checkLabel },
    { name: 'opt', short: 'o', kind: 'list', placeholder: 'map', description: `Set driver specific options${MAP}` },
    { name: 'scope', kind: 'string', description: "Control the network's scope" },
    {
      name: 'subnet',
      kind: 'list',
      placeholder: 'strings',
      description: 'Subnet in CIDR format that represents a network segment',
    },
  ],
  args: { min: 1, max: 1 },
  async run(context, { flags, args }) {
    const body = toBody(args[0] ?? '', flags);
    const { Id } = await context.api.json<NetworkCreateResponse>('POST', '/networks/create', { body });
    context.out(`${Id}\n`);
    return 0;
  },
};

function toBody(name: string, flags: Flags): NetworkCreateRequest {
  const from = flags.text('config-from');
  return {
    Name: name,
    Driver: flags.text('driver'),
    Scope: flags.text('scope'),
    ...(flags.given('ipv4') && { EnableIPv4: flags.bool('ipv4') }),
    ...(flags.given('ipv6') && { EnableIPv6: flags.bool('ipv6') }),
    IPAM: {
      Driver: flags.text('ipam-driver'),
      Options: parseMap(flags.list('ipam-opt')),
      Config: parseIpam({
        subnets: texts(flags, 'subnet'),
        ipRanges: texts(flags, 'ip-range'),
        gateways: texts(flags, 'gateway'),
        aux: parseMap(flags.list('aux-address')),
      }),
    },
    Internal: flags.bool('internal'),
    Attachable: flags.bool('attachable'),
    Ingress: flags.bool('ingress'),
    ConfigOnly: flags.bool('config-only'),
    ConfigFrom: from === '' ? null : { Network: from },
    Options: parseMap(flags.list('opt')),
    Labels: parseMap(flags.list('label')),
  };
}

/** Several in one, with commas between. */
function texts(flags: Flags, name: string): readonly string[] {
  return flags.list(name).flatMap((text) => (text === '' ? [] : parseCsvLine(text)));
}
