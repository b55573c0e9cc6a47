import type { Flags } from '../../../lib/flags/flag.ts';
import { invalid } from '../../../lib/invalid.ts';
import type { Command } from '../../command.ts';
import { parseCsvLine } from '../../parse/csv.ts';
import { checkLink } from '../../parse/host.ts';
import { networkPath } from './path.ts';

/** `docker network connect`. */
export const connect: Command = {
  usage: 'docker network connect [OPTIONS] NETWORK CONTAINER',
  description: 'Connect a container to a network',
  flags: [
    { name: 'alias', kind: 'list', placeholder: 'strings', description: 'Add network-scoped alias for the container' },
    { name: 'driver-opt', kind: 'list', placeholder: 'strings', description: 'driver options for the network' },
    {
      name: 'gw-priority',
      kind: 'int',
      description: 'Highest gw-priority provides the default gateway. Accepts positive and negative values.',
    },
    { name: 'ip', kind: 'string', description: 'IPv4 address (e.g., "172.30.100.104")' },
    { name: 'ip6', kind: 'string', description: 'IPv6 address (e.g., "2001:db8::33")' },
    { name: 'link', kind: 'list', description: 'Add link to another container', check: checkLink },
    {
      name: 'link-local-ip',
      kind: 'list',
      placeholder: 'strings',
      description: 'Add a link-local address for the container',
    },
  ],
  args: { min: 2, max: 2 },
  async run(context, { flags, args }) {
    const [network = '', container = ''] = args;
    const body = { Container: container, EndpointConfig: toSettings(flags) };
    await context.api.call('POST', networkPath(network, '/connect'), { body });
    return 0;
  },
};

function toSettings(flags: Flags) {
  return {
    IPAMConfig: {
      ...(flags.text('ip') && { IPv4Address: flags.text('ip') }),
      ...(flags.text('ip6') && { IPv6Address: flags.text('ip6') }),
      ...(flags.list('link-local-ip').length > 0 && { LinkLocalIPs: texts(flags, 'link-local-ip') }),
    },
    Links: flags.list('link'),
    Aliases: texts(flags, 'alias'),
    DriverOpts: Object.fromEntries(texts(flags, 'driver-opt').map(toPair)),
    GwPriority: flags.int('gw-priority'),
  };
}

function toPair(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw invalid('invalid key/value pair format in driver options');
  return [text.slice(0, at), text.slice(at + 1)];
}

function texts(flags: Flags, name: string): readonly string[] {
  return flags.list(name).flatMap((text) => (text === '' ? [] : parseCsvLine(text)));
}
