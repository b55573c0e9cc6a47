import type { Command } from '../../command.ts';
import { networkPath } from './path.ts';

/** `docker network disconnect`. */
export const disconnect: Command = {
  usage: 'docker network disconnect [OPTIONS] NETWORK CONTAINER',
  description: 'Disconnect a container from a network',
  flags: [{ name: 'force', short: 'f', kind: 'bool', description: 'Force the container to disconnect from a network' }],
  args: { min: 2, max: 2 },
  async run(context, { flags, args }) {
    const [network = '', container = ''] = args;
    const body = { Container: container, Force: flags.bool('force') };
    await context.api.call('POST', networkPath(network, '/disconnect'), { body });
    return 0;
  },
};
