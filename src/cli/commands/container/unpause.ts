import type { Command } from '../../command.ts';
import { containerPath, forEachName } from './each.ts';

/** `docker unpause`. */
export const unpause: Command = {
  usage: 'docker unpause CONTAINER [CONTAINER...]',
  description: 'Unpause all processes within one or more containers',
  flags: [],
  args: { min: 1 },
  run: async (context, { args }) =>
    await forEachName(context, args, async (name) => await context.api.call('POST', containerPath(name, '/unpause'))),
};
