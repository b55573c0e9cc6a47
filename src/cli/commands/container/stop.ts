import type { Command } from '../../command.ts';
import { containerPath, forEachName } from './each.ts';
import { STOP_FLAGS, stopQuery } from './stop-flags.ts';

/** `docker stop`. */
export const stop: Command = {
  usage: 'docker stop [OPTIONS] CONTAINER [CONTAINER...]',
  description: 'Stop one or more running containers',
  flags: STOP_FLAGS,
  args: { min: 1 },
  async run(context, { flags, args }) {
    const query = stopQuery(flags);
    const act = async (name: string): Promise<void> =>
      await context.api.call('POST', containerPath(name, '/stop'), { query });
    return await forEachName(context, args, act);
  },
};
