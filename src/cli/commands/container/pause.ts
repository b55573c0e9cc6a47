import type { Command } from '../../command.ts';
import { containerPath, forEachName } from './each.ts';

/** `docker pause`. */
export const pause: Command = {
  usage: 'docker pause CONTAINER [CONTAINER...]',
  description: 'Pause all processes within one or more containers',
  flags: [],
  args: { min: 1 },
  run: async (context, { args }) =>
    await forEachName(context, args, async (name) => await context.api.call('POST', containerPath(name, '/pause'))),
};
