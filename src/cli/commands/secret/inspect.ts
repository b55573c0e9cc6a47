import type { Secret } from '../../../api/types/secret.ts';
import type { Command } from '../../command.ts';
import { INSPECT_FORMAT_FLAG } from '../../format/format-flag.ts';
import { printInspected } from '../../format/inspect.ts';
import { formatSecret } from '../../format/secret-text.ts';
import { LOCAL, secretPath } from './local.ts';

/** `docker secret inspect`: everything but the value. */
export const inspect: Command = {
  usage: 'docker secret inspect [OPTIONS] SECRET [SECRET...]',
  description: 'Display detailed information on one or more secrets',
  flags: [
    INSPECT_FORMAT_FLAG,
    { name: 'pretty', kind: 'bool', description: 'Print the information in a human friendly format' },
  ],
  args: { min: 1 },
  async run(context, { flags, args }) {
    const format = flags.bool('pretty') ? 'pretty' : flags.text('format');
    return await printInspected(
      context,
      args,
      format,
      async (name) => {
        const response = await context.api.send('GET', secretPath(name), LOCAL);
        return { json: await response.text(), type: 'swarm.Secret' };
      },
      (json) => formatSecret(JSON.parse(json) as Secret),
    );
  },
};
