import type { Command } from '../../command.ts';
import { INSPECT_FORMAT_FLAG } from '../../format/format-flag.ts';
import { printInspected } from '../../format/inspect.ts';
import { containerPath } from './each.ts';

/** `docker container inspect`. */
export const inspect: Command = {
  usage: 'docker container inspect [OPTIONS] CONTAINER [CONTAINER...]',
  description: 'Display detailed information on one or more containers',
  flags: [INSPECT_FORMAT_FLAG, { name: 'size', short: 's', kind: 'bool', description: 'Display total file sizes' }],
  args: { min: 1 },
  async run(context, { flags, args }) {
    const query = { size: flags.bool('size') };
    return await printInspected(context, args, flags.text('format'), async (name) => {
      const response = await context.api.send('GET', containerPath(name, '/json'), { query });
      return { json: await response.text(), type: 'container.InspectResponse' };
    });
  },
};
