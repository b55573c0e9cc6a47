import type { Command } from '../../command.ts';
import { INSPECT_FORMAT_FLAG } from '../../format/format-flag.ts';
import { printInspected } from '../../format/inspect.ts';
import { platformQuery } from './platform.ts';

/** `docker image inspect`. */
export const inspect: Command = {
  usage: 'docker image inspect [OPTIONS] IMAGE [IMAGE...]',
  description: 'Display detailed information on one or more images',
  flags: [
    INSPECT_FORMAT_FLAG,
    {
      name: 'platform',
      kind: 'string',
      description: `Inspect a specific platform of the multi-platform image.
If the image or the server is not multi-platform capable, the command will error out if the platform does not match.
'os[/arch[/variant]]': Explicit platform (eg. linux/amd64)`,
    },
  ],
  args: { min: 1 },
  async run(context, { flags, args }) {
    const query = { platform: platformQuery(flags.text('platform')) };
    return await printInspected(context, args, flags.text('format'), async (name) => {
      const response = await context.api.send('GET', `/images/${encodeURIComponent(name)}/json`, { query });
      return { json: await response.text(), type: 'image.InspectResponse' };
    });
  },
};
