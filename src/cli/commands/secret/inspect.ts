import type { Command } from '../../command.ts';
import { INSPECT_FORMAT_FLAG } from '../../format/format-flag.ts';
import { printInspected } from '../../format/inspect.ts';
import { LOCAL, secretPath } from './local.ts';

/** `docker secret inspect`: everything but the value. */
export const inspect: Command = {
  usage: 'docker secret inspect [OPTIONS] SECRET [SECRET...]',
  description: 'Display detailed information on one or more secrets',
  flags: [INSPECT_FORMAT_FLAG],
  args: { min: 1 },
  async run(context, { flags, args }) {
    return await printInspected(context, args, flags.text('format'), async (name) => {
      const response = await context.api.send('GET', secretPath(name), LOCAL);
      return { json: await response.text(), type: 'swarm.Secret' };
    });
  },
};
