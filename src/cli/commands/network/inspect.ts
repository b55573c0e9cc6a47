import type { Command } from '../../command.ts';
import { INSPECT_FORMAT_FLAG } from '../../format/format-flag.ts';
import { printInspected } from '../../format/inspect.ts';
import { networkPath } from './path.ts';

/** `docker network inspect`. */
export const inspect: Command = {
  usage: 'docker network inspect [OPTIONS] NETWORK [NETWORK...]',
  description: 'Display detailed information on one or more networks',
  flags: [
    INSPECT_FORMAT_FLAG,
    { name: 'verbose', short: 'v', kind: 'bool', description: 'Verbose output for diagnostics' },
  ],
  args: { min: 1 },
  async run(context, { flags, args }) {
    const query = { verbose: flags.bool('verbose') ? 'true' : undefined };
    return await printInspected(context, args, flags.text('format'), async (name) => {
      const response = await context.api.send('GET', networkPath(name), { query });
      return { json: await response.text(), type: 'network.Inspect' };
    });
  },
};
